//go:build !linux

package main

import "errors"

func mountSmall(string, int) error {
	return errors.New("a small file system can be mounted on Linux only")
}

func unmount(string) {}
