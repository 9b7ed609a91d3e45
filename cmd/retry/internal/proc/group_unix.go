//go:build unix && !aix && !solaris

package proc

import (
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
)

const (
	sigHUP  = syscall.SIGHUP
	sigCONT = syscall.SIGCONT
	sigPIPE = syscall.SIGPIPE
)

// A platform is what a Process has on Unix: a process group, whose number is that of the
// command, its leader.
type platform struct {
	pid      int
	strays   []int // further groups that the command's processes made
	terminal *terminal
	holds    bool // the terminal was given to the group
	lookout  *lookout
	seen     chan syscall.Signal // by the lookout
}

// Start starts c.
func Start(c Command, s *Signals) (*Process, error) {
	path, err := lookup(c.Args[0])
	if err != nil {
		return nil, err
	}
	p := &Process{grace: c.Grace, signals: s, events: make(chan event)}
	p.seen = make(chan syscall.Signal, 16)
	if c.Foreground {
		p.terminal = openTerminal()
	}
	adopt()
	err = p.fork(path, c.Args, c)
	if err == syscall.ENOEXEC {
		// A script without a first line that says what runs it: a shell does, as always.
		script, absErr := filepath.Abs(path)
		if absErr != nil {
			script = path
		}
		err = p.fork("/bin/sh", append([]string{"sh", script}, c.Args[1:]...), c)
	}
	if err != nil {
		return nil, cantStart(c.Args[0], err)
	}
	if p.terminal != nil && p.terminal.ours() {
		p.give()
	}
	go p.watch()
	return p, nil
}

func (p *Process) fork(path string, args []string, c Command) (err error) {
	if terminalOpen {
		// What is ignored here would be ignored by the command as well.
		signal.Notify(make(chan os.Signal, 1), syscall.SIGTTOU)
		defer signal.Ignore(syscall.SIGTTOU)
	}
	p.pid, err = syscall.ForkExec(path, args, &syscall.ProcAttr{
		Env:   c.Env,
		Files: []uintptr{c.Stdin.Fd(), c.Stdout.Fd(), c.Stderr.Fd()},
		Sys:   attributes(),
	})
	runtime.KeepAlive(c)
	return err
}

// watch tells what happens to the command itself.
func (p *Process) watch() {
	for {
		var status syscall.WaitStatus
		_, err := syscall.Wait4(p.pid, &status, syscall.WUNTRACED, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			p.events <- event{ended: true, status: Outcome{Code: 255}}
			return
		case status.Stopped():
			p.events <- event{stopped: status.StopSignal()}
		case status.Signaled():
			sig := status.Signal()
			p.events <- event{ended: true, status: Outcome{Code: 128 + int(sig), Signal: sig}}
			return
		case status.Exited():
			p.events <- event{ended: true, status: Outcome{Code: status.ExitStatus()}}
			return
		}
	}
}

// send sends sig to every process of the command. A process group's number isn't used
// again while it has any process, so this can't hit anybody else.
func (p *Process) send(sig syscall.Signal) {
	p.lookout.ignore(sig)
	syscall.Kill(-p.pid, sig)
	for _, g := range p.strays {
		syscall.Kill(-g, sig)
	}
}

// leaderEnded is called when the command itself has ended.
func (p *Process) leaderEnded(out Outcome) {
	p.lookout.stop()
	p.lookout = nil
	for len(p.seen) > 0 {
		p.fromTerminal(<-p.seen)
	}
	if !p.holds {
		return
	}
	p.takeBack()
	if out.Signal == syscall.SIGINT || out.Signal == syscall.SIGQUIT {
		// The lookout may not have been there in time.
		p.signals.tellOnce(out.Signal)
	}
}

// alive reports whether anything of the command is left, after its leader has ended.
func (p *Process) alive() bool {
	if there(p.pid) {
		return true
	}
	before := len(p.strays)
	p.strays = strays()
	if p.stage >= termed && len(p.strays) > before {
		// They came to light too late for the signal that the others got.
		p.terminate()
	}
	return len(p.strays) > 0
}

// there reports whether a process group has any process that isn't a zombie of ours.
func there(group int) bool {
	for {
		pid, err := syscall.Wait4(-group, nil, syscall.WNOHANG, nil)
		if err != syscall.EINTR && (err != nil || pid <= 0) {
			break
		}
	}
	return syscall.Kill(-group, 0) != syscall.ESRCH
}
