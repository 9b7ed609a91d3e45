package proc

import (
	"os"
)

// ReaderGone reports whether f is a pipe or a socket that nobody reads any more.
func ReaderGone(f *os.File) bool {
	const pollErr, pollHup = 0x8, 0x10 // of a pipe, of a socket
	set := []pollFd{{fd: int32(f.Fd())}}
	poll(set)
	return set[0].revents&(pollErr|pollHup) != 0
}
