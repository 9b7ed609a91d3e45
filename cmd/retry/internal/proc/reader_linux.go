package proc

import (
	"os"
)

// ReaderGone reports whether f is a pipe that nobody reads any more.
func ReaderGone(f *os.File) bool {
	const pollErr = 0x8
	set := []pollFd{{fd: int32(f.Fd())}}
	poll(set)
	return set[0].revents&pollErr != 0
}
