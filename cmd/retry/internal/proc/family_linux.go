package proc

import (
	"bytes"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"unsafe"
)

// attributes of the commands we start: a group of their own, and an end if we are killed.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

// family is about our children. A number of a process or of a group can be given to a stranger once
// the last process that has it was reaped. So whoever sends to a number holds the lock, and
// nothing is reaped without it: the command itself, which leads its group, is reaped last.
// That leaves no gap, on any Linux.
var family struct {
	sync.Mutex
	known    map[int]bool // those we have started, and reap ourselves
	adopting bool         // all that the command leaves behind becomes our child
}

// adopt makes us the parent of what the command's processes leave behind. So it can be
// reaped, even where process 1 of a container doesn't, and found, even where it has
// made a process group of its own, as timeout(1) does.
var adopt = sync.OnceFunc(func() {
	const prSetChildSubreaper = 36
	family.known = map[int]bool{}
	if _, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != syscall.ECHILD {
		return // we were given children, which we couldn't tell apart
	}
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prSetChildSubreaper, 1, 0); errno != 0 {
		return
	}
	family.adopting = true
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	go func() {
		for range ended {
			family.Lock()
			adopted, _ := strangers()
			for _, pid := range adopted {
				syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
			}
			family.Unlock()
		}
	}()
})

// disown undoes adopt, for what takes our place.
func disown() {
	const prSetChildSubreaper = 36
	if family.adopting {
		syscall.RawSyscall(syscall.SYS_PRCTL, prSetChildSubreaper, 0, 0)
	}
}

// fork starts a process that is reaped by reap.
func fork(path string, args []string, attr *syscall.ProcAttr) (int, error) {
	family.Lock()
	defer family.Unlock()
	pid, err := syscall.ForkExec(path, args, attr)
	if err == nil {
		family.known[pid] = true
	}
	return pid, err
}

// reap takes the status of a process that has ended; with that its number is free.
func reap(pid int) (status syscall.WaitStatus) {
	family.Lock()
	defer family.Unlock()
	for {
		if _, err := syscall.Wait4(pid, &status, 0, nil); err != syscall.EINTR {
			break
		}
	}
	delete(family.known, pid)
	return status
}

// await waits until a child has ended, and leaves it to be reaped. It returns the signal that it died of, or 0.
// If it's stopped meanwhile, that's told.
func await(pid int, stopped func(syscall.Signal)) syscall.Signal {
	const pPID, wNOHANG, wSTOPPED, wEXITED, wNOWAIT, killed, dumped = 1, 1, 2, 4, 0x1000000, 2, 3
	for options := uintptr(wEXITED | wSTOPPED | wNOWAIT); ; {
		var info struct {
			signo, errno, code int32
			field              struct {
				_              [0]uintptr
				pid, _, status int32
			}
			_ [128]byte
		}
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, pPID, uintptr(pid), uintptr(unsafe.Pointer(&info)), options, 0, 0)
		sig := syscall.Signal(info.field.status)
		switch {
		case errno == syscall.EINTR:
		case errno != 0:
			return 0
		case options&wEXITED == 0: // what it's stopped by, unless it goes on by now
			if info.field.pid != 0 {
				stopped(sig)
			}
			options = wEXITED | wSTOPPED | wNOWAIT
		case info.code == killed || info.code == dumped:
			return sig
		case info.code < killed:
			return 0
		default:
			options = wSTOPPED | wNOHANG
		}
	}
}

// ownProc reports whether /proc has the numbers that we know processes by. That of another namespace has other ones.
var ownProc = sync.OnceValue(func() bool {
	self, err := os.Readlink("/proc/self")
	return err == nil && self == strconv.Itoa(os.Getpid())
})

// strangers are our children that we haven't started; ok is false if that can't be known.
func strangers() (pids []int, ok bool) {
	if !ownProc() {
		return nil, false
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return nil, false
	}
	for _, t := range threads {
		list, err := os.ReadFile("/proc/self/task/" + t.Name() + "/children")
		if err != nil {
			return nil, false
		}
		for f := range strings.FieldsSeq(string(list)) {
			if pid, _ := strconv.Atoi(f); !family.known[pid] {
				pids = append(pids, pid)
			}
		}
	}
	return pids, true
}

// left are the process groups of what is left of a command whose leader has ended and wasn't reaped: its
// own group, if there's anything else in it, and those of our other children. Who makes a session of
// its own (setsid) is meant to stay. It's called with the lock held; ok is false if it can't be known.
func left(leader int) (groups []int, ok bool) {
	if others, ok := strangers(); ok && family.adopting && len(others) == 0 {
		return nil, true
	}
	if !ownProc() {
		return nil, false
	}
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, false
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil || len(names) == 0 {
		return nil, false
	}
	us, seen := os.Getpid(), map[int]bool{syscall.Getpgrp(): true}
	session, _, _ := syscall.RawSyscall(syscall.SYS_GETSID, 0, 0, 0)
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil || family.known[pid] {
			continue
		}
		stat, err := os.ReadFile("/proc/" + name + "/stat")
		if err != nil {
			continue
		}
		// The second field, the name in parentheses, may have anything in it.
		f := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(f) < 4 || f[0][0] == 'Z' || f[0][0] == 'X' || atoi(f[3]) != int(session) {
			continue
		}
		if g := atoi(f[2]); !seen[g] && (g == leader || atoi(f[1]) == us) {
			seen[g] = true
			groups = append(groups, g)
		}
	}
	return groups, true
}

func atoi(b []byte) int {
	n, _ := strconv.Atoi(string(b))
	return n
}

// blocking calls f with signals blocked in its thread, and in a process that f starts for good.
func blocking(signals uint64, f func()) {
	const block, set = 0, 2 // SIG_BLOCK, SIG_SETMASK
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := uint64(0)
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, block, uintptr(unsafe.Pointer(&signals)), uintptr(unsafe.Pointer(&before)), 8, 0, 0)
	f()
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, set, uintptr(unsafe.Pointer(&before)), 0, 8, 0, 0)
}

// Unstopped calls f, which writes to a terminal or takes it: in the background too, without being stopped for that.
func Unstopped(f func()) { blocking(1<<(syscall.SIGTTOU-1), f) }
