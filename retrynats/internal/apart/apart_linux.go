package apart

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// Bind makes a command that isn't started yet die with this process.
func Bind(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
}

// run runs a command in a mount namespace of its own.
func run(cmd *exec.Cmd) error {
	// A child dies with the thread that started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	Bind(cmd)
	cmd.SysProcAttr.Unshareflags = syscall.CLONE_NEWNS
	return cmd.Run()
}

// Disk mounts a file system of some MB, until remove is called. The process must have been started by Run.
func Disk(dir string, mb int) (remove func(), err error) {
	if !In() {
		return nil, fmt.Errorf("mount a small file system: the process isn't apart")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=700", mb)); err != nil {
		return nil, fmt.Errorf("mount a small file system (it needs root): %w", err)
	}
	return func() { syscall.Unmount(dir, syscall.MNT_DETACH) }, nil
}

// Fill writes a file until no more than so many bytes are free on its file system.
func Fill(path string, left int64) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		var s syscall.Statfs_t
		if err := syscall.Fstatfs(int(f.Fd()), &s); err != nil {
			return err
		}
		n := int64(s.Bavail)*s.Bsize - left
		if n <= 0 {
			return f.Close()
		}
		// A page at a time at the end, since others may be writing as well.
		if _, err := f.Write(make([]byte, min(n, max(4096, n/2)))); err != nil && left > 0 {
			return err
		} else if err != nil {
			return nil // to the brim
		}
	}
}
