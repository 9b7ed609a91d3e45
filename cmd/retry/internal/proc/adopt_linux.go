package proc

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"unsafe"
)

// attributes of the commands we start: a group of their own, and an end if we are killed.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

// adopt makes us the parent of what the command's processes leave behind. So it can be
// waited for, even where process 1 of a container doesn't, and found, even where it has
// made a process group of its own, as timeout(1) does.
var adopt = sync.OnceFunc(func() {
	const prSetChildSubreaper = 36
	_, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
	if err == syscall.ECHILD { // otherwise we were given children, which we couldn't tell apart
		_, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prSetChildSubreaper, 1, 0)
		adopting = errno == 0
	}
})

var adopting bool

// strays are the process groups, other than our own, of our children. They
// are what the command has left in other groups; it's called when nothing
// else can be a child of ours. Who makes a session of its own (setsid) is meant to stay.
func strays() []int {
	if !adopting {
		return nil
	}
	for {
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		if err == syscall.ECHILD {
			return nil
		}
		if pid == 0 {
			break
		}
	}
	own, parent := syscall.Getpgrp(), os.Getpid()
	session, err := getsid(0)
	if err != nil {
		return nil
	}
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	seen := map[int]bool{own: true}
	var groups []int
	for _, name := range names {
		if name[0] < '1' || name[0] > '9' {
			continue
		}
		stat, err := os.ReadFile("/proc/" + name + "/stat")
		if err != nil {
			continue
		}
		// The second field, the name in parentheses, may have anything in it.
		f := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(f) < 4 || atoi(f[1]) != parent || atoi(f[3]) != session {
			continue
		}
		if g := atoi(f[2]); !seen[g] {
			seen[g] = true
			groups = append(groups, g)
		}
	}
	return groups
}

func atoi(b []byte) int {
	n, _ := strconv.Atoi(string(b))
	return n
}

func getsid(pid int) (int, error) {
	sid, _, errno := syscall.RawSyscall(syscall.SYS_GETSID, uintptr(pid), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(sid), nil
}

// withoutStop calls f with the terminal's stop signals blocked in its thread, and in the process
// that f starts for good: Ctrl-Z, and what the command's group gets when it reads the
// terminal too early. A new process borrows its parent's memory until it runs a program of
// its own (vfork); one that is stopped before would never let go of us.
func withoutStop(f func()) {
	const block, set = 0, 2 // SIG_BLOCK, SIG_SETMASK
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	stop, before := uint64(1<<(syscall.SIGTSTP-1)|1<<(syscall.SIGTTIN-1)|1<<(syscall.SIGTTOU-1)), uint64(0)
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, block, uintptr(unsafe.Pointer(&stop)), uintptr(unsafe.Pointer(&before)), 8, 0, 0)
	f()
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, set, uintptr(unsafe.Pointer(&before)), 0, 8, 0, 0)
}
