package proc

import (
	"os"
	"syscall"
	"unsafe"
)

// A command in the foreground of a terminal gets what Ctrl-C sends, and we don't. Most
// commands die of it, but many end with a code of their own, as rsync, pytest and go test
// do, and would be run again. And one may send INT to its group itself, as "timeout -s INT" does, which
// isn't Ctrl-C. So while a command has the terminal there is another process in its
// group, made of our own program: the system tells it who sent a signal.
type witness struct {
	pid   int
	stdin *os.File // it ends when this is closed, as it is if we die
	ended chan struct{}
}

// witnessName is what this program is called when it's to be the witness.
const witnessName = "retry: looks out for Ctrl-C"

// startWitness returns nil if there can't be one.
func startWitness(group int, seen chan<- syscall.Signal) *witness {
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
	w := &witness{stdin: stdin, ended: make(chan struct{})}
	// It has every signal blocked from its birth: none is lost, and none stops or ends it. A new
	// process borrows our memory until it runs a program (vfork), so one that is stopped before would hold us up.
	blocking(^uint64(0), func() {
		w.pid, err = fork(self, []string{witnessName}, &syscall.ProcAttr{
			Files: []uintptr{hold.Fd(), tells.Fd(), 2},
			Sys:   &syscall.SysProcAttr{Setpgid: true, Pgid: group},
		})
	})
	if err != nil {
		stdin.Close()
		from.Close()
		return nil
	}
	go func() {
		defer close(w.ended)
		defer from.Close()
		for b := make([]byte, 1); ; {
			if n, err := from.Read(b); n == 0 || err != nil {
				break
			}
			select {
			case seen <- syscall.Signal(b[0]):
			default: // enough
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

// Witness is for the start of main: it doesn't return in a process that is to be the witness.
func Witness() {
	if os.Args[0] != witnessName {
		return
	}
	const pollIn, byKernel = 1, 0x80
	want := uint64(1<<(syscall.SIGINT-1) | 1<<(syscall.SIGQUIT-1))
	sent, _, errno := syscall.Syscall6(syscall.SYS_SIGNALFD4, ^uintptr(0), uintptr(unsafe.Pointer(&want)), 8, syscall.O_CLOEXEC, 0, 0)
	if errno != 0 {
		os.Exit(1)
	}
	for {
		set := [2]pollFd{{fd: 0, events: pollIn}, {fd: int32(sent), events: pollIn}}
		poll(set[:], nil)
		switch {
		case set[1].revents != 0:
			var info struct {
				signo       uint32
				errno, code int32
				_           [116]byte
			}
			b := (*[128]byte)(unsafe.Pointer(&info))[:]
			if n, _ := syscall.Read(int(sent), b); n == len(b) && info.code == byKernel {
				syscall.Write(1, []byte{byte(info.signo)})
			}
		case set[0].revents != 0: // and no signal is left that was sent before
			os.Exit(0)
		}
	}
}

type pollFd struct {
	fd              int32
	events, revents int16
}

// poll waits for something to happen to files, or, with a limit, only for that long.
func poll(set []pollFd, limit *syscall.Timespec) {
	syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&set[0])), uintptr(len(set)), uintptr(unsafe.Pointer(limit)), 0, 0, 0)
}
