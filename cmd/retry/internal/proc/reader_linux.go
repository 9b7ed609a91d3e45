package proc

import (
	"os"
	"syscall"
	"unsafe"
)

// ReaderGone reports whether f is a pipe that nobody reads any more.
func ReaderGone(f *os.File) bool {
	const pollErr = 0x8
	set := struct {
		fd              int32
		events, revents int16
	}{fd: int32(f.Fd())}
	var now syscall.Timespec
	n, _, _ := syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&set)), 1, uintptr(unsafe.Pointer(&now)), 0, 0, 0)
	return n == 1 && set.revents&pollErr != 0
}
