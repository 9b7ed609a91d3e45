//go:build unix && !aix && !solaris

package proc

import (
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

var (
	stopping = []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT}
	passing  = []syscall.Signal{syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGCONT}
)

// toOwnGroup sends sig to all of our own process group, which includes us.
func toOwnGroup(sig syscall.Signal) { syscall.Kill(0, sig) }

// Die ends this process by sig, as the default action would have, so that a shell
// script sees that it was a signal. It returns if that isn't possible.
func Die(sig syscall.Signal) {
	signal.Reset(sig)
	syscall.Kill(syscall.Getpid(), sig)
	time.Sleep(echo) // it may take a moment to arrive
}

// Name is the usual name of a signal, such as SIGTERM.
func Name(sig syscall.Signal) string {
	if n, ok := names[sig]; ok {
		return n
	}
	return "signal " + strconv.Itoa(int(sig))
}

var names = map[syscall.Signal]string{
	syscall.SIGABRT: "SIGABRT", syscall.SIGALRM: "SIGALRM", syscall.SIGBUS: "SIGBUS",
	syscall.SIGFPE: "SIGFPE", syscall.SIGHUP: "SIGHUP", syscall.SIGILL: "SIGILL",
	syscall.SIGINT: "SIGINT", syscall.SIGKILL: "SIGKILL", syscall.SIGPIPE: "SIGPIPE",
	syscall.SIGQUIT: "SIGQUIT", syscall.SIGSEGV: "SIGSEGV", syscall.SIGSYS: "SIGSYS",
	syscall.SIGTERM: "SIGTERM", syscall.SIGTRAP: "SIGTRAP", syscall.SIGUSR1: "SIGUSR1",
	syscall.SIGUSR2: "SIGUSR2", syscall.SIGXCPU: "SIGXCPU", syscall.SIGXFSZ: "SIGXFSZ",
}
