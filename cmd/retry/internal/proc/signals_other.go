//go:build !unix || aix || solaris

package proc

import "syscall"

var (
	stopping = []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}
	passing  = []syscall.Signal(nil)
)

// Not to be met here.
const (
	sigHUP  = syscall.Signal(-1)
	sigCONT = syscall.Signal(-2)
	sigPIPE = syscall.Signal(-3)
	sigMark = syscall.Signal(-5)
)

func toOwnGroup(syscall.Signal) {}

// Die returns: a process can't end by a signal here.
func Die(syscall.Signal) {}

// Name is what the system calls a signal.
func Name(sig syscall.Signal) string { return sig.String() }

// Named knows no signals here.
func Named(string) (syscall.Signal, bool) { return 0, false }

// Unstopped calls f.
func Unstopped(f func()) { f() }
