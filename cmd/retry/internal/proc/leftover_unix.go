//go:build unix && !aix && !solaris

package proc

import (
	"os"
	"syscall"
	"time"
)

// Leftover is what is in a pipe by now, even if somebody could still write more.
func Leftover(f *os.File) (b []byte) {
	f.SetReadDeadline(time.Time{})
	raw, err := f.SyscallConn()
	if err != nil {
		return nil
	}
	raw.Read(func(fd uintptr) bool {
		b = make([]byte, 1<<20) // the most that a pipe holds
		n, _ := syscall.Read(int(fd), b)
		b = b[:max(n, 0)]
		return true
	})
	return b
}
