//go:build !linux

package proc

import (
	"os"
	"syscall"
)

// Not to be met here: TSTP stops us, and not the command.
const sigTSTP = syscall.Signal(-4)

func prepareTSTP(chan<- os.Signal) {}

func catchTSTP(bool) {}

func actByDefault(syscall.Signal) (undo func(), ok bool) { return func() {}, false }

func pause() {}

// ReaderGone reports whether f is a pipe or a socket that nobody reads any more. Here it can't be known.
func ReaderGone(f *os.File) bool { return false }
