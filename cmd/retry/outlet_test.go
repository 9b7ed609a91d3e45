//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ended waits for a command that blocks if it's wrong.
func ended(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	kill := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	cmd.Wait()
	if !kill.Stop() {
		t.Fatalf("%q doesn't end", cmd.Args)
	}
	return resultOf(cmd.ProcessState, new(bytes.Buffer), new(bytes.Buffer))
}

// Every limit and every signal works while a write blocks, since nobody reads.
func TestLimitsWorkWhileAWriteBlocks(t *testing.T) {
	for _, test := range []struct {
		args string
		sig  syscall.Signal
		code int
	}{
		{"-o last", syscall.SIGTERM, 143}, {"-o once", syscall.SIGINT, 130}, {"--until never", syscall.SIGTERM, 143}, {"--until never", syscall.SIGHUP, 129},
		{"--until never -n 2 -i 0 -t 300ms", 0, 124}, {"-o last --within 300ms", 0, 124}, {"--stop-stdout never --within 300ms", 0, 124},
		{"-o last -n 2 -i 0 -t 10s", syscall.SIGTERM, 143},
	} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		ready := temp(t)
		cmd := exec.Command(binary, append(strings.Fields("-q -g 300ms "+test.args), "sh", "-c", "echo up > "+ready+"; head -c 1000000 /dev/zero")...)
		cmd.Stdout = w
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		w.Close()
		if test.sig != 0 {
			eventually(t, "the command", has(ready, "up\n"))
			time.Sleep(200 * time.Millisecond) // for the write to block; before it, the outcome is the same
			cmd.Process.Signal(test.sig)
		}
		got := ended(t, cmd)
		r.Close()
		if got.code != test.code || got.died != test.sig {
			t.Errorf("%s: exit code %d, died of %v", test.args, got.code, got.died)
		}
	}
	// The same where what isn't read is what we say.
	r, w, _ := os.Pipe()
	defer r.Close()
	raw, _ := w.SyscallConn()
	raw.Control(func(fd uintptr) {
		syscall.SetNonblock(int(fd), true)
		for {
			if _, err := syscall.Write(int(fd), make([]byte, 512)); err != nil {
				break
			}
		}
		syscall.SetNonblock(int(fd), false)
	})
	ready := temp(t)
	cmd := exec.Command(binary, "--delays", "0,1h", "sh", "-c", "echo up > "+ready+"; exit 3")
	cmd.Stderr = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the command", has(ready, "up\n"))
	time.Sleep(100 * time.Millisecond)
	cmd.Process.Signal(syscall.SIGTERM)
	if got := ended(t, cmd); got.died != syscall.SIGTERM {
		t.Errorf("blocked on standard error: %+v", got)
	}
}
