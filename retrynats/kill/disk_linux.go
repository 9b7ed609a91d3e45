package main

import (
	"fmt"
	"syscall"
)

// mountSmall mounts a file system of some MB.
func mountSmall(dir string, mb int) error {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=700", mb)); err != nil {
		return fmt.Errorf("mount a small file system (it needs root): %w", err)
	}
	return nil
}

func unmount(dir string) { syscall.Unmount(dir, syscall.MNT_DETACH) }
