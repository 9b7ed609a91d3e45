//go:build unix && !linux && !aix && !solaris

package proc

import (
	"os/signal"
	"syscall"
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
