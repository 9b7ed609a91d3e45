//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// inside makes dir the root of what cmd sees.
func inside(cmd *exec.Cmd, dir string) {
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: dir}
}
