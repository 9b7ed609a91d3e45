//go:build unix && !linux && !aix && !solaris

package proc

import (
	"os/signal"
	"syscall"
	"time"
)

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
