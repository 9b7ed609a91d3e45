//go:build linux

// Command lossy mounts a file system, by FUSE, that loses what wasn't synced when it is told so, for the test of a power loss. It is a module of
// its own, so that users of retrynats don't get what it needs.
//
//	lossy DIRECTORY
//
// It writes a line when it is mounted. A line from the input is a power loss: the file system goes away, and comes back, with a
// line, as it was when each file was last synced. No process may use it then. At the end of the input it goes away.
package main

import (
	"bufio"
	"fmt"
	"os"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: lossy DIRECTORY")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "lossy:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	d := newDisk()
	in := bufio.NewScanner(os.Stdin)
	lost := 0
	for {
		s, err := mount(d, dir)
		if err != nil {
			return fmt.Errorf("mount (as root, and with /dev/fuse): %w", err)
		}
		fmt.Println(lost, "bytes lost")
		more := in.Scan()
		if err := unmount(dir); err != nil {
			return err
		}
		s.Wait()
		if !more {
			return in.Err()
		}
		lost = d.lose()
	}
}

// unmount waits for the files of processes that have just died.
func unmount(dir string) error {
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		err := syscall.Unmount(dir, 0)
		if err != syscall.EBUSY || time.Now().After(deadline) {
			return err
		}
	}
}
