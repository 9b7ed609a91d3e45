package proc

import (
	"encoding/binary"
	"io"
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// A command in the foreground of a terminal gets what Ctrl-C sends, and we don't. Most
// commands die of it, but many end with a code of their own, as rsync, pytest and go test
// do, and would be run again. And one may send INT to its group itself, as "timeout -s INT" does, which
// isn't Ctrl-C. So while a command has the terminal there is another process in its
// group, a fork of ours: the system tells it who sent a signal, through a signalfd.
//
// A retry that the command runs has its own command in the foreground, and passes on what the terminal sent
// there to its own group, which is ours to witness. So that it isn't taken for what any process sends, it sends URG before, which
// does nothing to anybody else.
type witness struct {
	pid   int
	stdin *os.File // it ends when this is closed, as it is if we die
	ended chan struct{}
}

// startWitness returns nil if there can't be one.
func startWitness(group int, seen chan<- syscall.Signal) *witness {
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
	w := &witness{stdin: stdin, ended: make(chan struct{})}
	own := &witnessed{stdin: hold.Fd(), stdout: tells.Fd(),
		want: 1<<(syscall.SIGHUP-1) | 1<<(syscall.SIGINT-1) | 1<<(syscall.SIGQUIT-1) | 1<<(sigMark-1)}
	family.Lock()
	// It has every signal blocked from its birth: none is lost, and none stops or ends it.
	var errno syscall.Errno
	blocking(^uint64(0), func() { w.pid, errno = forkWitness(own) })
	runtime.KeepAlive(own)
	if errno != 0 {
		family.Unlock()
		stdin.Close()
		from.Close()
		return nil
	}
	family.known[w.pid] = true
	if syscall.Setpgid(w.pid, group) != nil {
		syscall.Kill(w.pid, syscall.SIGKILL) // in our own group it would tell us what we know
	}
	family.Unlock()
	go func() {
		defer close(w.ended)
		defer from.Close()
		tell := func(sig syscall.Signal) {
			select {
			case seen <- sig:
			default: // enough
			}
		}
		const byKernel = 0x80
		var sent syscall.Signal // the last one by a process, which may only then say that it's a retry
		sender, marker := uint32(0), ^uint32(0)
		for b := make([]byte, toldSize); ; {
			if _, err := io.ReadFull(from, b); err != nil {
				break
			}
			sig, code, pid := syscall.Signal(binary.NativeEndian.Uint32(b)), binary.NativeEndian.Uint32(b[8:]), binary.NativeEndian.Uint32(b[12:])
			switch {
			case sig == sigMark:
				marker = pid
			case code == byKernel:
				tell(sig)
			default:
				sent, sender = sig, pid
			}
			if sent != 0 && sender == marker {
				tell(sent)
				sent = 0
			}
		}
		await(w.pid, func(syscall.Signal) {})
		reap(w.pid)
	}()
	return w
}

// stop ends it, when it has told what it saw before.
func (w *witness) stop() {
	if w != nil {
		w.stdin.Close()
		syscall.Kill(w.pid, syscall.SIGCONT) // somebody may have stopped it
		<-w.ended
	}
}

// witnessed is the memory of the witness, made before it's forked.
type witnessed struct {
	stdin, stdout uintptr
	want          uint64 // the signals that it waits for
	files         [2]pollFd
	info          [128]byte // a signalfd_siginfo
}

// toldSize is how much of it is told: signo, errno, code and pid, of 32 bits each.
const toldSize = 16

// forkWitness returns the witness's number to us. In the witness, which has one thread only and no Go scheduler, it
// doesn't return; so like the fork of package syscall it may do nothing but system calls.
//
//go:norace
//go:nosplit
//go:noinline
func forkWitness(own *witnessed) (int, syscall.Errno) {
	const (
		closeRange = 436
		pollIn     = 1
	)
	flags, stack := uintptr(syscall.SIGCHLD), uintptr(0)
	if runtime.GOARCH == "s390x" {
		flags, stack = stack, flags
	}
	pid, _, errno := syscall.RawSyscall6(syscall.SYS_CLONE, flags, stack, 0, 0, 0, 0)
	if errno != 0 || pid != 0 {
		return int(pid), errno
	}
	syscall.RawSyscall(syscall.SYS_DUP3, own.stdin, 0, 0)
	syscall.RawSyscall(syscall.SYS_DUP3, own.stdout, 1, 0)
	if _, _, errno := syscall.RawSyscall(closeRange, 2, ^uintptr(0)>>32, 0); errno != 0 {
		for fd := uintptr(2); fd < 1<<16; fd++ {
			syscall.RawSyscall(syscall.SYS_CLOSE, fd, 0, 0)
		}
	}
	sent, _, errno := syscall.RawSyscall6(syscall.SYS_SIGNALFD4, ^uintptr(0), uintptr(unsafe.Pointer(&own.want)), 8, 0, 0, 0)
	for errno == 0 {
		own.files[0] = pollFd{fd: 0, events: pollIn}
		own.files[1] = pollFd{fd: int32(sent), events: pollIn}
		syscall.RawSyscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&own.files)), 2, 0, 0, 0, 0)
		if own.files[1].revents != 0 {
			n, _, _ := syscall.RawSyscall(syscall.SYS_READ, sent, uintptr(unsafe.Pointer(&own.info)), unsafe.Sizeof(own.info))
			if n == unsafe.Sizeof(own.info) {
				syscall.RawSyscall(syscall.SYS_WRITE, 1, uintptr(unsafe.Pointer(&own.info)), toldSize)
			}
		} else if own.files[0].revents != 0 {
			break // and no signal is left that was sent before
		}
	}
	for {
		syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 0, 0, 0)
	}
}

type pollFd struct {
	fd              int32
	events, revents int16
}

// poll looks what there is to files now.
func poll(set []pollFd) {
	var now syscall.Timespec
	syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&set[0])), uintptr(len(set)), uintptr(unsafe.Pointer(&now)), 0, 0, 0)
}
