//go:build linux || darwin || freebsd

package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// tryLock takes the lock on f, and reports whether it could.
func tryLock(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// free returns the bytes that are free on the disk of dir.
func free(dir string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}

// checkOwner refuses a directory in which somebody else could change what we store.
func checkOwner(dir string, i fs.FileInfo) error {
	if m := i.Mode().Perm(); m&0o022 != 0 {
		return fmt.Errorf("other users may write to %s (%v): use a directory of its own, or chmod 700", dir, m)
	}
	if s, ok := i.Sys().(*syscall.Stat_t); ok && os.Getuid() != 0 && int(s.Uid) != os.Getuid() {
		return fmt.Errorf("%s belongs to user %d and this process is user %d: run it as that user, or use another directory", dir, s.Uid, os.Getuid())
	}
	return nil
}
