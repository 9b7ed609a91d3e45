// Package apart runs processes that end with this one, and gives them file systems that end with them. So nothing is left behind by a test
// that is killed: not a process, and not a mount.
package apart

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

const variable = "RETRYNATS_APART"

// In reports whether this process, or one that it was started by, was started by Run.
func In() bool { return os.Getenv(variable) != "" }

// Run runs a command that may mount file systems without anybody else seeing them.
func Run(cmd *exec.Cmd) error {
	cmd.Env = append(cmd.Environ(), variable+"=1")
	return run(cmd)
}

// Again runs this program once more, by Run, with the same arguments, and returns its exit code.
func Again() int {
	cmd := exec.Command(os.Args[0], os.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := Run(cmd)
	if e := (*exec.ExitError)(nil); errors.As(err, &e) {
		return max(1, e.ExitCode())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// Test runs a test once more, by Run, and reports whether this is that run: otherwise the test is over.
func Test(t *testing.T) bool {
	t.Helper()
	if In() {
		return true
	}
	out, err := func() ([]byte, error) {
		f, err := os.CreateTemp(t.TempDir(), "output")
		if err != nil {
			return nil, err
		}
		defer f.Close()
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.count=1")
		cmd.Stdout, cmd.Stderr = f, f
		err = Run(cmd)
		b, _ := os.ReadFile(f.Name())
		return b, err
	}()
	t.Logf("%s", out)
	if err != nil {
		t.Errorf("the test in a process of its own: %v", err)
	}
	return false
}
