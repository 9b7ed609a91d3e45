//go:build unix && !aix && !solaris

package proc

import (
	"io"
	"os"
	"syscall"
	"time"
)

// Leftover makes a reader of what is in a pipe by now. It ends instead of waiting for
// more, even if somebody could still write.
func Leftover(f *os.File) func([]byte) (int, error) {
	f.SetReadDeadline(time.Time{})
	raw, err := f.SyscallConn()
	most := 1 << 20 // the most that a pipe holds; somebody may be writing on and on
	return func(p []byte) (n int, _ error) {
		if err != nil || most <= 0 {
			return 0, io.EOF
		}
		if len(p) > most {
			p = p[:most]
		}
		rawErr := raw.Read(func(fd uintptr) bool {
			n, err = syscall.Read(int(fd), p)
			return true
		})
		if rawErr != nil || err != nil || n <= 0 {
			return 0, io.EOF
		}
		most -= n
		return n, nil
	}
}
