//go:build unix && !aix && !solaris

package proc

import (
	"maps"
	"strconv"
	"strings"
	"syscall"
)

const (
	sigHUP  = syscall.SIGHUP
	sigCONT = syscall.SIGCONT
	sigPIPE = syscall.SIGPIPE
	sigMark = syscall.SIGURG // see the witness; by default it does nothing
)

var (
	stopping = []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT}
	passing  = append(furtherSignals(), syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGCONT, syscall.SIGWINCH,
		syscall.SIGALRM, syscall.SIGVTALRM, syscall.SIGIO, syscall.SIGTTIN, syscall.SIGTTOU)
)

// toOwnGroup sends sig to all of our own process group, which includes us.
func toOwnGroup(sig syscall.Signal) { syscall.Kill(0, sig) }

// Name is the usual name of a signal, such as SIGTERM.
func Name(sig syscall.Signal) string {
	if n, ok := names[sig]; ok {
		return "SIG" + n
	}
	return "signal " + strconv.Itoa(int(sig))
}

// Named is the signal of a name such as SIGTERM or term.
func Named(name string) (syscall.Signal, bool) {
	name = strings.TrimPrefix(strings.ToUpper(name), "SIG")
	for sig := range maps.Keys(names) {
		if names[sig] == name {
			return sig, true
		}
	}
	return 0, false
}

var names = map[syscall.Signal]string{
	syscall.SIGABRT: "ABRT", syscall.SIGALRM: "ALRM", syscall.SIGBUS: "BUS", syscall.SIGCHLD: "CHLD", syscall.SIGCONT: "CONT",
	syscall.SIGFPE: "FPE", syscall.SIGHUP: "HUP", syscall.SIGILL: "ILL", syscall.SIGINT: "INT", syscall.SIGIO: "IO",
	syscall.SIGKILL: "KILL", syscall.SIGPIPE: "PIPE", syscall.SIGPROF: "PROF", syscall.SIGQUIT: "QUIT",
	syscall.SIGSEGV: "SEGV", syscall.SIGSTOP: "STOP", syscall.SIGSYS: "SYS", syscall.SIGTERM: "TERM", syscall.SIGTRAP: "TRAP",
	syscall.SIGTSTP: "TSTP", syscall.SIGTTIN: "TTIN", syscall.SIGTTOU: "TTOU", syscall.SIGURG: "URG",
	syscall.SIGUSR1: "USR1", syscall.SIGUSR2: "USR2", syscall.SIGVTALRM: "VTALRM", syscall.SIGWINCH: "WINCH",
	syscall.SIGXCPU: "XCPU", syscall.SIGXFSZ: "XFSZ",
}
