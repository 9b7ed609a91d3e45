package proc

import (
	"os/signal"
	"runtime"
	"syscall"
	"unsafe"
)

// furtherSignals are the real-time signals. Go keeps the first, 34, for the C library.
func furtherSignals() (all []syscall.Signal) {
	for sig := syscall.Signal(35); sig <= 64; sig++ {
		all = append(all, sig)
	}
	return append(all, syscall.SIGPWR, syscall.SIGSTKFLT)
}

// A sigaction is the system's, and as big as any; the zero value is what a signal does by default.
type sigaction [8]uintptr

// action sets what a signal does, behind Go's back, and returns what it did before.
func action(sig syscall.Signal, does *sigaction) (did *sigaction) {
	did = new(sigaction)
	syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(does)), uintptr(unsafe.Pointer(did)), 8, 0, 0)
	return did
}

// Die ends this process by sig, as the default action would have, so that a shell or
// systemd sees that it was a signal. It leaves no core. It returns if that isn't possible, as in process 1.
func Die(sig syscall.Signal) {
	const prSetDumpable = 4
	syscall.RawSyscall(syscall.SYS_PRCTL, prSetDumpable, 0, 0)
	signal.Reset(sig)
	// What Go would do then, for QUIT, is to show its stacks. And whoever started us may have blocked it.
	action(sig, new(sigaction))
	const unblock = 1
	set := uint64(1) << (sig - 1)
	runtime.LockOSThread()
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, unblock, uintptr(unsafe.Pointer(&set)), 0, 8, 0, 0)
	// To this thread, which gets it before it goes on: another one, on a busy machine, may get a QUIT only when we have exited.
	syscall.Tgkill(syscall.Getpid(), syscall.Gettid(), sig)
}
