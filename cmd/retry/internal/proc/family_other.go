//go:build unix && !linux && !aix && !solaris

package proc

import (
	"os/signal"
	"syscall"
	"time"
)

func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// family is as on Linux, but here the command is reaped when it has ended, and what it leaves behind becomes
// process 1's. The number of its group could be a stranger's only between the end of its
// last process and the next look, at most 20ms later.
var family nobody

type nobody struct{}

func (nobody) Lock()   {}
func (nobody) Unlock() {}

func adopt() {}

func disown() {}

func fork(path string, args []string, attr *syscall.ProcAttr) (int, error) {
	return syscall.ForkExec(path, args, attr)
}

var statuses = map[int]syscall.WaitStatus{}

func await(pid int, stopped func(syscall.Signal)) syscall.Signal {
	for {
		var status syscall.WaitStatus
		_, err := syscall.Wait4(pid, &status, syscall.WUNTRACED, nil)
		switch {
		case err == syscall.EINTR:
		case err == nil && status.Stopped():
			stopped(status.StopSignal())
		default:
			statuses[pid] = status
			if status.Signaled() {
				return status.Signal()
			}
			return 0
		}
	}
}

func reap(pid int) syscall.WaitStatus {
	defer delete(statuses, pid)
	return statuses[pid]
}

func left(int) ([]int, bool) { return nil, false }

// Unstopped calls f, which writes to a terminal or takes it: in the background too, without being stopped for that.
func Unstopped(f func()) {
	signal.Ignore(syscall.SIGTTOU)
	defer signal.Reset(syscall.SIGTTOU)
	f()
}

func furtherSignals() []syscall.Signal { return nil }

// Die ends this process by sig, as the default action would have, so that a shell
// sees that it was a signal. It returns if that isn't possible: Go keeps QUIT for itself.
func Die(sig syscall.Signal) {
	if sig == syscall.SIGQUIT {
		return
	}
	signal.Reset(sig)
	syscall.Kill(syscall.Getpid(), sig)
	time.Sleep(100 * time.Millisecond) // it may take a moment to arrive
}

// There is no witness here: nobody tells who sent a signal. So a command is given the terminal only when it
// needs it; until then what Ctrl-C sends comes to us. Once it has the terminal, an INT or QUIT that it
// dies of is taken for Ctrl-C, since a Ctrl-C that doesn't stop anything is worse than one too many.
type witness struct{}

func startWitness(int, chan<- syscall.Signal) *witness { return nil }

func (*witness) stop() {}
