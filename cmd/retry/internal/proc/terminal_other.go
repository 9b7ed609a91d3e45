//go:build !unix || aix || solaris

package proc

import (
	"os"
	"syscall"
)

// Here the command shares the terminal with us, and the system sends both what Ctrl-C means.

type (
	terminal struct{}
	lookout  struct{}
)

func openTerminal() *terminal { return nil }

func (*terminal) ours() bool { return false }

func (*lookout) ignore(syscall.Signal) {}

func (*lookout) stop() {}

func (*Process) give() {}

func (*Process) takeBack() {}

func (*Process) atTerminal() bool { return false }

func (*Process) paused(syscall.Signal) {}

func (p *Process) resume() { p.send(sigCONT) }

// Lookout does nothing here.
func Lookout() {}

// Columns is always 0 here: nothing is drawn.
func Columns(*os.File) int { return 0 }

// InForeground is always false here.
func InForeground(*os.File) bool { return false }
