//go:build unix && !aix && !solaris

package proc

import (
	"context"
	"path/filepath"
	"runtime"
	"syscall"
)

// A platform is what a Process has on Unix: a process group, whose number is that of the
// command, its leader.
type platform struct {
	pid      int
	ended    bool // the leader has
	reaped   bool
	status   syscall.WaitStatus // once it was reaped
	gone     bool               // so is the group: its number isn't used any more
	told     map[int]bool       // the groups that were sent TERM, or what stands for it
	terminal *terminal
	holds    bool // the terminal was given to the group
	witness  *witness
	seen     chan syscall.Signal // by the witness

	suspended func() // undoes what suspend did, if it isn't nil
}

// Start starts c. Signals that come from then on, and the one that ended ctx before, are for it: [Process.Wait] passes them on.
func Start(ctx context.Context, c Command, s *Signals) (*Process, error) {
	path, err := lookup(c.Args[0])
	if err != nil {
		return nil, err
	}
	p := newProcess(ctx, c, s)
	p.seen, p.told = make(chan syscall.Signal, 16), map[int]bool{}
	if c.Foreground && runtime.GOOS == "linux" {
		p.terminal = openTerminal()
	}
	adopt()
	catchTSTP(true) // before there is a command that Ctrl-Z could miss
	attr := &syscall.ProcAttr{
		Env:   c.Env,
		Files: []uintptr{c.Stdin.Fd(), c.Stdout.Fd(), c.Stderr.Fd()},
		Sys:   attributes(),
	}
	p.pid, err = fork(path, c.Args, attr)
	if err == syscall.ENOEXEC {
		p.pid, err = fork("/bin/sh", asScript(path, c.Args), attr)
	}
	runtime.KeepAlive(c)
	if err != nil {
		p.over(ctx)
		return nil, cantStart(err)
	}
	if p.terminal != nil && p.terminal.ours() {
		p.give()
	}
	go func() {
		died := await(p.pid, func(sig syscall.Signal) { p.events <- event{stopped: sig} })
		p.events <- event{ended: true, died: died}
	}()
	return p, nil
}

// asScript has a shell run a script without a first line that says what runs it, as always.
func asScript(path string, args []string) []string {
	if full, err := filepath.Abs(path); err == nil {
		path = full
	}
	return append([]string{"sh", path}, args[1:]...)
}

// send sends sig to every process of the command that there is.
func (p *Process) send(sig syscall.Signal) {
	family.Lock()
	defer family.Unlock()
	if !p.gone {
		syscall.Kill(-p.pid, sig)
	}
	if group, err := syscall.Getpgid(p.pid); !p.ended && err == nil && group != p.pid {
		syscall.Kill(p.pid, sig) // it has left its group for another
	}
	if p.ended {
		groups, _ := left(p.pid)
		for _, g := range groups {
			if g != p.pid {
				syscall.Kill(-g, sig)
			}
			p.told[g] = p.told[g] || sig == p.stop || sig == syscall.SIGTERM
		}
	}
}

// leaderEnded is called when the command itself has ended, and wasn't reaped.
func (p *Process) leaderEnded(died syscall.Signal) {
	p.ended = true
	p.undoSuspend() // its CONT may have come at the same time
	if p.holds {
		p.takeBack() // before the witness ends: what the terminal sends reaches it or us
	}
	p.witness.stop()
	for len(p.seen) > 0 {
		p.fromTerminal(<-p.seen)
	}
	if p.holds && p.witness == nil && p.interrupts == 0 && p.stage == running && (died == syscall.SIGINT || died == syscall.SIGQUIT) {
		p.signals.tell(died)
	}
	p.holds = false
}

// alive reports whether anything of the command is left, after its leader has ended.
func (p *Process) alive() bool {
	family.Lock()
	groups, ok := left(p.pid)
	for _, g := range groups {
		switch {
		case p.stage == killed:
			syscall.Kill(-g, syscall.SIGKILL)
		case p.stage == termed && !p.told[g]: // it came to light too late for what the others got
			p.told[g] = true
			syscall.Kill(-g, p.stop)
			syscall.Kill(-g, syscall.SIGCONT)
		}
	}
	family.Unlock()
	if ok {
		return len(groups) > 0
	}
	p.reap()
	for !p.gone {
		// What was left to us is ours to reap.
		if pid, err := syscall.Wait4(-p.pid, nil, syscall.WNOHANG, nil); err != nil && err != syscall.EINTR || pid == 0 {
			break
		}
	}
	// If we may not send to it, then it's somebody else's by now.
	p.gone = p.gone || syscall.Kill(-p.pid, 0) != nil
	return !p.gone
}

func (p *Process) reap() {
	if !p.reaped {
		p.status, p.reaped = reap(p.pid), true
	}
}

// outcome says how the leader ended. With that, its number is free.
func (p *Process) outcome() Outcome {
	if !p.ended {
		return Outcome{Code: 128 + int(syscall.SIGKILL), Signal: syscall.SIGKILL} // or so we hope
	}
	p.reap()
	p.gone = true
	if p.status.Signaled() {
		sig := p.status.Signal()
		return Outcome{Code: 128 + int(sig), Signal: sig}
	}
	return Outcome{Code: p.status.ExitStatus()}
}
