//go:build linux

package apart

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	dir := os.Getenv("APART_TEST")
	if dir == "" {
		os.Exit(m.Run())
	}
	remove, err := Disk(dir, 1)
	if err == nil {
		err = Fill(filepath.Join(dir, "ballast"), 100_000)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "more"), make([]byte, 200_000), 0o600)
	}
	fmt.Println(os.Getpid(), err)
	if os.Getenv("APART_HANGS") != "" {
		time.Sleep(time.Hour) // a process without any goroutine that may go on would end itself
	}
	remove()
	os.Exit(7)
}

func mounts(t *testing.T) string {
	b, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A process has a file system that is as full as it was to be; others don't see it, and when the process is killed it is gone.
func TestADiskIsSeenByItsProcessOnly(t *testing.T) {
	d := filepath.Join(t.TempDir(), "disk")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "APART_TEST="+d, "APART_HANGS=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- Run(cmd) }()
	s := bufio.NewScanner(out)
	if !s.Scan() || !strings.Contains(s.Text(), "no space left") {
		t.Errorf("what is more than the disk was written: %s", s.Text())
	}
	if strings.Contains(mounts(t), d) {
		t.Error("the disk is seen from outside")
	}
	pid := 0
	fmt.Sscan(s.Text(), &pid)
	syscall.Kill(pid, syscall.SIGKILL)
	if err := <-ended; err == nil {
		t.Error("it ended by itself")
	}
	if err := os.Remove(d); err != nil {
		t.Errorf("something is left: %v", err)
	}
}

func TestAgainReturnsTheExitCode(t *testing.T) {
	t.Setenv("APART_TEST", filepath.Join(t.TempDir(), "disk"))
	if code := Again(); code != 7 {
		t.Errorf("%d", code)
	}
	if _, err := Disk(t.TempDir(), 1); err == nil {
		t.Error("mounted for everybody")
	}
}

// A command that is bound dies with the process that started it, even if that is killed.
func TestABoundCommandDiesWithItsProcess(t *testing.T) {
	if os.Getenv("APART_BOUND") != "" {
		cmd := exec.Command("sleep", "1000")
		Bind(cmd)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		fmt.Println("pid", cmd.Process.Pid)
		os.Stdout.Sync()
		select {}
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "APART_BOUND=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := 0
	for s := bufio.NewScanner(out); pid == 0 && s.Scan(); {
		fmt.Sscanf(s.Text(), "pid %d", &pid)
	}
	cmd.Process.Kill()
	cmd.Wait()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(b), ") Z ") {
			return
		}
	}
	t.Errorf("process %d lives", pid)
}
