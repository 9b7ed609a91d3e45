//go:build unix && !linux && !aix && !solaris

package proc

import "syscall"

func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func adopt() {}

func strays() []int { return nil }

func withoutStop(f func()) { f() }
