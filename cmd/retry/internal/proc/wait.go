package proc

import (
	"cmp"
	"context"
	"errors"
	"syscall"
	"time"
)

const (
	// Linger is how long what a command leaves behind may go on by itself: the tee of
	// "cmd > >(tee log)" has something to finish, a forgotten server has not.
	Linger = time.Second
	// unkillable is how long after KILL we believe that a process may still end.
	unkillable = 5 * time.Second
)

// ErrUnkillable says that processes of the command are still there after KILL.
var ErrUnkillable = errors.New("some of the command's processes can't be ended: they belong to another user, or hang in the system")

// An event is what happens to the command itself, which leads its group.
type event struct {
	ended   bool
	died    syscall.Signal // what it died of, if it has ended and isn't 0
	stopped syscall.Signal // what stopped it, if it hasn't ended
}

// newProcess is what Start knows of c before it is started.
func newProcess(ctx context.Context, c Command, s *Signals) *Process {
	p := &Process{stop: cmp.Or(c.Stop, syscall.SIGTERM), grace: c.Grace, signals: s, passed: make(chan syscall.Signal, 16), events: make(chan event)}
	s.pass(ctx, p.passed)
	return p
}

// over ends the passing of signals: there is no command any more, or never was. A Ctrl-Z that came too late for it stops us alone.
func (p *Process) over(ctx context.Context) {
	p.signals.pass(ctx, nil)
	for len(p.passed) > 0 {
		if <-p.passed == sigTSTP {
			pause()
		}
	}
	catchTSTP(false)
}

// A Process is a command that was started.
type Process struct {
	platform
	stop    syscall.Signal
	grace   time.Duration
	signals *Signals
	passed  chan syscall.Signal // by signals, for the command
	events  chan event

	stage      stage
	timer      *time.Timer // the end of the stage
	interrupts int         // how many INTs the command has got
}

// A stage is how far we are in ending the group. Each gives way to the next in time.
type stage int

const (
	running stage = iota
	asked         // INT was passed on: after the grace, TERM follows
	lingers       // the command has ended, others in its group have not
	termed        // TERM or Command.Stop was sent: after the grace, KILL follows
	killed        // KILL was sent
)

// Wait waits until nothing of the command is left. Signals that we are sent are passed on as they come, and a second
// INT is a KILL. When ctx ends, other than by a signal, the command's group is sent Command.Stop, and KILL after the grace.
func (p *Process) Wait(ctx context.Context) (out Outcome, err error) {
	defer p.over(ctx)
	p.timer = time.NewTimer(time.Hour)
	p.timer.Stop()
	defer p.timer.Stop()
	cut, hadLeft := false, false
	defer func() {
		out = p.outcome()
		out.Cut, out.Left = cut, hadLeft
	}()

	var poll <-chan time.Time // for the end of the group, once its leader has ended
	pause := time.Millisecond
	over := ctx.Done()
	for {
		select {
		case e := <-p.events:
			if !e.ended {
				p.paused(e.stopped)
				continue
			}
			p.leaderEnded(e.died)
			if !p.alive() {
				return
			}
			switch {
			case p.interrupts > 0 && p.stage < termed:
				p.terminate() // who was told to stop doesn't start to finish things
			case p.stage == running:
				p.enter(lingers, min(p.grace, Linger))
			}
			poll = time.After(pause)
		case <-poll:
			if !p.alive() {
				return
			}
			pause = min(2*pause, 20*time.Millisecond)
			poll = time.After(pause)
		case <-over:
			over = nil
			if ToldBy(ctx) != 0 {
				continue // that's passed on
			}
			cut = poll == nil
			if p.stage < termed {
				p.terminate()
			}
		case sig := <-p.passed:
			p.receive(sig)
		case sig := <-p.seen:
			p.fromTerminal(sig)
		case <-p.timer.C:
			if p.ended && !p.alive() {
				return // in time, though we come to see it late
			}
			switch p.stage {
			case asked:
				p.terminate()
			case lingers:
				hadLeft = true
				p.terminate()
			case termed:
				p.kill()
			case killed:
				return out, ErrUnkillable
			}
		}
	}
}

// receive acts on a signal that was sent to us.
func (p *Process) receive(sig syscall.Signal) {
	switch sig {
	case sigCONT:
		p.resume()
		return
	case sigTSTP:
		p.send(sig)
		pause()
		p.signals.continued()
		p.resume()
		return
	case syscall.SIGINT:
		if p.interrupts++; p.interrupts > 1 {
			p.kill()
			return
		}
	}
	p.send(sig)
	p.follow(sig)
}

// fromTerminal acts on a signal that the terminal sent to the command's group.
func (p *Process) fromTerminal(sig syscall.Signal) {
	switch told := p.signals.tell(sig); {
	case !told:
	case sig == syscall.SIGINT:
		if p.interrupts++; p.interrupts > 1 {
			p.kill()
		}
	case sig == sigHUP: // the terminal is gone, so nobody can press anything
		p.follow(sig)
	}
}

// follow moves on after sig was passed on. Whoever presses Ctrl-C at a terminal can press
// it again; any other INT is followed by TERM if it doesn't help. QUIT, a wish for a
// gentle end or for a stack trace, has all the time it needs.
func (p *Process) follow(sig syscall.Signal) {
	switch {
	case sig == syscall.SIGINT && p.stage == running && !p.atTerminal():
		p.enter(asked, p.grace)
	case (sig == syscall.SIGTERM || sig == sigHUP) && p.stage < termed:
		p.send(sigCONT) // one that is stopped could not end otherwise
		p.enter(termed, p.grace)
	}
}

func (p *Process) terminate() {
	p.send(p.stop)
	p.send(sigCONT)
	p.enter(termed, p.grace)
}

func (p *Process) kill() {
	p.send(syscall.SIGKILL)
	p.enter(killed, unkillable)
}

func (p *Process) enter(s stage, d time.Duration) {
	p.stage = s
	p.timer.Reset(d)
}
