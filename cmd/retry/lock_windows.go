package main

import (
	"os"
	"syscall"
	"unsafe"
)

var lockFileEx = syscall.NewLazyDLL("kernel32.dll").NewProc("LockFileEx")

// tryLock locks f for us alone until it is closed, or we have ended, and reports whether it could.
func tryLock(f *os.File) (bool, error) {
	const failImmediately, exclusive, lockViolation = 1, 2, syscall.Errno(33)
	var from syscall.Overlapped
	ok, _, err := lockFileEx.Call(f.Fd(), failImmediately|exclusive, 0, 1, 0, uintptr(unsafe.Pointer(&from)))
	switch {
	case ok != 0:
		return true, nil
	case err == lockViolation:
		return false, nil
	}
	return false, os.NewSyscallError("LockFileEx", err)
}
