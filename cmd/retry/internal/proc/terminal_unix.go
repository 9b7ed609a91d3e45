//go:build unix && !aix && !solaris

package proc

import (
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// A terminal is the one that controls our session. Its foreground process group is
// the one that may read it and that gets what Ctrl-C and Ctrl-Z send.
type terminal struct{ file *os.File }

// openTerminal returns nil if there is no such terminal. It's opened once and stays open.
var openTerminal = sync.OnceValue(func() *terminal {
	fd, err := syscall.Open("/dev/tty", syscall.O_RDWR|syscall.O_CLOEXEC|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil
	}
	return &terminal{os.NewFile(uintptr(fd), "/dev/tty")}
})

// foreground returns the foreground process group, or 0.
func (t *terminal) foreground() int {
	var group int32
	if ioctl(t.file.Fd(), syscall.TIOCGPGRP, unsafe.Pointer(&group)) != 0 {
		return 0
	}
	return int(group)
}

func (t *terminal) setForeground(group int) {
	g := int32(group)
	Unstopped(func() { ioctl(t.file.Fd(), syscall.TIOCSPGRP, unsafe.Pointer(&g)) })
}

// ours reports whether our own group is in the foreground.
func (t *terminal) ours() bool { return t.foreground() == syscall.Getpgrp() }

func ioctl(fd uintptr, request uint, arg unsafe.Pointer) syscall.Errno {
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, uintptr(request), uintptr(arg))
	return errno
}

// Columns is the width of the terminal that f is; 0 if it isn't one.
func Columns(f *os.File) int {
	var size [4]uint16
	if ioctl(f.Fd(), syscall.TIOCGWINSZ, unsafe.Pointer(&size)) != 0 {
		return 0
	}
	if size[1] == 0 {
		return 80
	}
	return int(size[1])
}

// InForeground reports whether our process group is in the foreground of the terminal f.
func InForeground(f *os.File) bool { return (&terminal{f}).ours() }

// give puts the command into the foreground of the terminal.
func (p *Process) give() {
	catchTSTP(false)
	if p.witness == nil {
		p.witness = startWitness(p.pid, p.seen)
	}
	// Ctrl-Z may have come in the meantime, and bg; then it's given by resume.
	if p.terminal.ours() {
		p.terminal.setForeground(p.pid)
	}
	p.holds = true
}

// takeBack undoes give, unless somebody else, such as a shell, has the terminal now.
func (p *Process) takeBack() {
	if p.terminal.foreground() == p.pid {
		p.terminal.setForeground(syscall.Getpgrp())
	}
}

// atTerminal reports whether the command has the terminal, or we have it in its place.
func (p *Process) atTerminal() bool {
	if p.terminal == nil {
		p.terminal = openTerminal()
	}
	return p.terminal != nil && (p.holds || p.terminal.ours())
}

// paused acts on a command that was stopped: because it needs the terminal, which it is
// given if it's ours to give; or by Ctrl-Z, which is for us as well.
func (p *Process) paused(sig syscall.Signal) {
	if p.terminal == nil {
		p.terminal = openTerminal()
	}
	if p.terminal == nil {
		return // whoever stopped it knows why
	}
	wants := sig == syscall.SIGTTIN || sig == syscall.SIGTTOU
	switch front := p.terminal.foreground(); {
	case wants && front == syscall.Getpgrp():
		p.give()
		p.send(syscall.SIGCONT)
	case wants && front == p.pid:
		p.send(syscall.SIGCONT) // it had been too quick for us
	case wants:
		p.holds = true
		p.suspend(sig)
	case front == p.pid:
		p.suspend(syscall.SIGTSTP)
	}
}

// suspend stops our own group, as the command was, until the shell continues it. The
// system refuses where there is nobody to do so; then the command goes on. Whoever runs us sees that it was our group that had the terminal,
// or that it is our group that needs it: a retry that runs us gives it then.
func (p *Process) suspend(sig syscall.Signal) {
	p.undoSuspend()
	catchTSTP(false)
	p.takeBack()
	undo, ok := actByDefault(sig)
	if !ok {
		sig = syscall.SIGTSTP
	}
	continued := make(chan struct{})
	p.suspended = func() { undo(); close(continued) }
	toOwnGroup(sig)
	go func() {
		// Not beside the CONT that continues us: two would continue a command that was stopped again between them.
		if Awake(200*time.Millisecond, continued) {
			p.signals.receive(syscall.SIGCONT)
		}
	}()
}

// undoSuspend undoes what suspend did to a signal.
func (p *Process) undoSuspend() {
	if p.suspended != nil {
		p.suspended()
		p.suspended = nil
	}
}

// resume continues the command, in the foreground if that's where we are now.
func (p *Process) resume() {
	p.undoSuspend()
	if p.holds && p.terminal.ours() {
		p.give()
	}
	p.send(syscall.SIGCONT)
}
