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

func pause() {}
