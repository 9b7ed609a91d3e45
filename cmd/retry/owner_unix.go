//go:build unix

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

const noFollow = syscall.O_NOFOLLOW

// mine reports whether a file belongs to our user.
func mine(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}

// alone reports whether only its owner may use a file.
func alone(info fs.FileInfo) bool { return info.Mode()&0o077 == 0 }

// planted reports whether a file may have been put there by somebody else for us to write to: it's not our own,
// in a folder where anybody can make one, such as /tmp.
func planted(name string, info fs.FileInfo) bool {
	dir, err := os.Stat(filepath.Dir(name))
	return err == nil && dir.Mode()&fs.ModeSticky != 0 && dir.Mode()&0o022 != 0 && !mine(info)
}
