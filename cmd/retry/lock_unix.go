//go:build unix && !aix && !solaris

package main

import (
	"errors"
	"os"
	"syscall"
)

// tryLock locks f for us alone until it is closed, or we have ended, and reports whether it could.
func tryLock(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
		return false, nil
	}
	return err == nil, os.NewSyscallError("flock", err)
}
