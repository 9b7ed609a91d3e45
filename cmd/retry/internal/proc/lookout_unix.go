//go:build unix && !aix && !solaris

package proc

import (
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A command in the foreground of a terminal gets what Ctrl-C sends, and we don't. Most
// commands die of it, but many end with a code of their own, as rsync, pytest and go test
// do, and would be run again. So while a command has the terminal there is another
// process in its group, made of our own program, that sees Ctrl-C and tells us.
type lookout struct {
	process *os.Process
	stdin   *os.File      // it ends when this is closed, as it is if we die
	ended   chan struct{} // it has told all it saw
	mu      sync.Mutex
	sent    map[syscall.Signal]time.Time // by ourselves, not by the terminal
}

// lookoutName is what this program is called when it's to be the lookout.
const lookoutName = "retry: looks out for Ctrl-C"

// startLookout returns nil if there can't be one: then a command that dies of Ctrl-C
// is noticed, and one that doesn't is not.
func startLookout(group int, seen chan<- syscall.Signal) *lookout {
	self, err := os.Executable()
	if err != nil {
		return nil
	}
	hold, stdin, err := os.Pipe()
	if err != nil {
		return nil
	}
	defer hold.Close()
	from, tells, err := os.Pipe()
	if err != nil {
		stdin.Close()
		return nil
	}
	defer tells.Close()
	var p *os.Process
	withoutStop(func() {
		p, err = os.StartProcess(self, []string{lookoutName}, &os.ProcAttr{
			Files: []*os.File{hold, tells, nil},
			Sys:   &syscall.SysProcAttr{Setpgid: true, Pgid: group},
		})
	})
	if err != nil {
		stdin.Close()
		from.Close()
		return nil
	}
	l := &lookout{process: p, stdin: stdin, ended: make(chan struct{}), sent: map[syscall.Signal]time.Time{}}
	go func() {
		defer close(l.ended)
		defer from.Close()
		tell := func(sig syscall.Signal) {
			l.mu.Lock()
			own := time.Since(l.sent[sig]) < echo
			l.mu.Unlock()
			if !own {
				seen <- sig
			}
		}
		for b := make([]byte, 1); ; {
			if n, err := from.Read(b); n == 0 || err != nil {
				break
			}
			tell(syscall.Signal(b[0]))
		}
		state, err := p.Wait()
		if err != nil {
			return
		}
		status := state.Sys().(syscall.WaitStatus)
		if status.Signaled() && (status.Signal() == syscall.SIGINT || status.Signal() == syscall.SIGQUIT) {
			tell(status.Signal()) // it had no time to prepare for it
		}
	}()
	return l
}

// ignore is told of a signal that we send to the group.
func (l *lookout) ignore(sig syscall.Signal) {
	if l != nil {
		l.mu.Lock()
		l.sent[sig] = time.Now()
		l.mu.Unlock()
	}
}

// stop ends it, when it has told what it saw before.
func (l *lookout) stop() {
	if l == nil {
		return
	}
	l.stdin.Close()
	select {
	case <-l.ended:
	case <-time.After(time.Second): // somebody has stopped it
		l.process.Kill()
		<-l.ended
	}
}

// Lookout is for the start of main: it doesn't return in a process that is to be the lookout.
func Lookout() {
	if os.Args[0] != lookoutName {
		return
	}
	var ending atomic.Bool
	signal.Ignore(syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU)
	seen := make(chan os.Signal, 16)
	signal.Notify(seen, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGWINCH)
	go func() {
		os.Stdin.Read(make([]byte, 1))
		// Ctrl-C may have ended the command just now, and be on its way to us. What the
		// system sends later, and has a higher number, comes after it.
		time.Sleep(time.Millisecond)
		ending.Store(true)
		syscall.Kill(os.Getpid(), syscall.SIGWINCH)
	}()
	for sig := range seen {
		if sig != syscall.SIGWINCH {
			os.Stdout.Write([]byte{byte(sig.(syscall.Signal))})
		} else if ending.Load() {
			os.Exit(0)
		}
	}
}
