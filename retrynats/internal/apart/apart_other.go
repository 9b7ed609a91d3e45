//go:build !linux

package apart

import (
	"errors"
	"os/exec"
)

var errSystem = errors.New("a file system for one process can be mounted on Linux only")

// Bind does nothing: this system can't make a command die with this process.
func Bind(*exec.Cmd) {}

func run(*exec.Cmd) error { return errSystem }

// Disk returns an error.
func Disk(string, int) (func(), error) { return nil, errSystem }

// Fill returns an error.
func Fill(string, int64) error { return errSystem }
