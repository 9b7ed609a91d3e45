package proc

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
)

// Told is the cause of a context that ended because a signal told us to stop.
type Told struct{ Signal syscall.Signal }

func (t *Told) Error() string { return "told to stop by " + Name(t.Signal) }

// ToldBy is the signal that told us to stop, if that's why ctx has ended, or else 0.
func ToldBy(ctx context.Context) syscall.Signal {
	var told *Told
	if errors.As(context.Cause(ctx), &told) {
		return told.Signal
	}
	return 0
}

// Signals are the signals we are sent. The first one that tells us to stop ends a
// context; that one and all others are passed on to the command that runs.
type Signals struct {
	from chan os.Signal
	done chan struct{} // no more are acted on
	end  context.CancelCauseFunc

	mu   sync.Mutex
	told bool
	to   chan syscall.Signal     // nil while no command runs
	own  map[syscall.Signal]bool // we have sent it to our own group, and wait for it to arrive

	stopped bool // TSTP came, and no CONT since
}

// Catch catches signals from now on: all of them, before there is anything that one of them could leave behind. One that was ignored
// when we were started, as under nohup, stays so, for the command as well.
func Catch(ctx context.Context) (context.Context, *Signals) {
	s := &Signals{from: make(chan os.Signal, 64), done: make(chan struct{}), own: map[syscall.Signal]bool{}}
	ctx, s.end = context.WithCancelCause(ctx)
	s.catch(stopping)
	s.catch(passing)
	prepareTSTP(s.from)
	if !signal.Ignored(sigPIPE) {
		// Whoever reads our output may go away: that is an error of Write then, not our end.
		signal.Notify(make(chan os.Signal, 1), sigPIPE)
	}
	go func() {
		defer close(s.done)
		for sig := range s.from {
			s.receive(sig.(syscall.Signal))
		}
	}()
	return ctx, s
}

func (s *Signals) catch(signals []syscall.Signal) {
	for _, sig := range signals {
		if !signal.Ignored(sig) {
			signal.Notify(s.from, sig)
		}
	}
}

// Release stops to catch signals: those that have come were acted on, and from then on they do what they do by default.
func (s *Signals) Release() {
	signal.Stop(s.from)
	close(s.from)
	<-s.done
}

func (s *Signals) receive(sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.own[sig] {
		delete(s.own, sig)
		return
	}
	s.stop(sig)
	if s.to != nil && !(sig == sigTSTP && s.stopped) { // Ctrl-Z may be pressed twice
		s.stopped = sig == sigTSTP || s.stopped && sig != sigCONT
		select {
		case s.to <- sig:
		default: // it has plenty of them already
		}
	}
}

// continued is called when we go on after TSTP, or have never stopped.
func (s *Signals) continued() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = false
}

// stop ends the context if sig is the first that tells us to stop.
func (s *Signals) stop(sig syscall.Signal) {
	if !s.told && slices.Contains(stopping, sig) {
		s.told = true
		s.end(&Told{sig})
	}
}

// tell acts on a signal that the terminal sent to the command's group instead of
// ours. The rest of our own group, such as the script that runs us, is to get it too. It reports whether there was anything to do:
// a signal may be ignored, as under nohup.
func (s *Signals) tell(sig syscall.Signal) bool {
	if signal.Ignored(sig) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.own[sig] = true
	toOwnGroup(sigMark)
	toOwnGroup(sig)
	s.stop(sig)
	return true
}

// pass passes signals on to c, until it's called with nil. If ctx was ended by one before, that is the first.
func (s *Signals) pass(ctx context.Context, c chan syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sig := ToldBy(ctx); sig != 0 && c != nil {
		c <- sig
	}
	s.to, s.stopped = c, false
}
