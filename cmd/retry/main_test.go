package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// These tests run the command as it is built, with real processes. They are about what a
// user sees; what can be shown without a process is tested beside its file.

var binary string

func TestMain(m *testing.M) {
	if name := os.Getenv("RETRY_TEST_SPENDER"); name != "" {
		spend(name)
	}
	// What runs the tests may ignore these, as nohup and shells in the background do. What is caught has its default in the programs that
	// the tests start.
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
	dir, err := os.MkdirTemp("", "retry-test-*")
	if err != nil {
		panic(err)
	}
	// One that was built before, where there are no Go tools (an emulated system).
	if binary = os.Getenv("RETRY_TEST_BINARY"); binary == "" {
		binary = filepath.Join(dir, "retry.exe")
		build := exec.Command("go", "build", "-o", binary)
		if raceFlag != "" {
			build.Args = append(build.Args, raceFlag)
		}
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "building: %v\n%s", err, out)
			os.Exit(1)
		}
	}
	os.Unsetenv("RETRY_OPTS")
	os.Setenv("TMPDIR", dir)                 // what a killed one leaves is removed with it
	os.Setenv("GORACE", "atexit_sleep_ms=0") // otherwise each run takes a second longer
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// spend uses a budget until it is killed, or finds it broken.
func spend(name string) {
	for {
		b, err := openBudget(name)
		for err == nil {
			if _, err = b.take(context.Background()); err == nil {
				err = b.settle(context.Background(), rand.N(2) == 0)
			}
		}
		fmt.Println(err)
	}
}

// A result is what came of running the command.
type result struct {
	code           int            // 128+n if it died of signal n
	died           syscall.Signal // that it died of, if it isn't 0
	stdout, stderr string
}

// retry runs the command with args, split at spaces, followed by more as they are. It has no
// standard input.
func run(t *testing.T, args string, more ...string) result {
	t.Helper()
	return runWith(t, nil, nil, append(strings.Fields(args), more...)...)
}

// sh is run with a shell script as the command.
func sh(t *testing.T, args, script string) result {
	t.Helper()
	return run(t, args, "sh", "-c", script)
}

func runWith(t *testing.T, stdin io.Reader, env []string, args ...string) result {
	t.Helper()
	// Long enough for anything here on the slowest machine; a hang is a failure with a stack.
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Kill) }
	cmd.WaitDelay = time.Minute // for what copies its output; nothing that is left may hold that open
	cmd.Stdin = stdin
	cmd.Env = append(os.Environ(), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		t.Fatalf("retry %q didn't end; it said:\n%s%s", args, &stdout, &stderr)
	}
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	if strings.Contains(stderr.String(), "DATA RACE") {
		t.Errorf("retry %q: %s", args, &stderr)
	}
	return resultOf(cmd.ProcessState, &stdout, &stderr)
}

func resultOf(state *os.ProcessState, stdout, stderr fmt.Stringer) result {
	r := result{state.ExitCode(), 0, stdout.String(), stderr.String()}
	if status, ok := state.Sys().(interface {
		Signaled() bool
		Signal() syscall.Signal
	}); ok && status.Signaled() {
		r.died = status.Signal()
		r.code = 128 + int(r.died)
	}
	return r
}

// is checks the exit code and the whole standard output.
func (r result) is(t *testing.T, code int, stdout string) {
	t.Helper()
	if r.code != code || r.stdout != stdout {
		t.Errorf("exit code %d, stdout %q; want %d, %q; it said:\n%s", r.code, r.stdout, code, stdout, r.stderr)
	}
}

// says checks that each of texts is in what was said.
func (r result) says(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(r.stderr, text) {
			t.Errorf("it doesn't say %q but:\n%s", text, r.stderr)
		}
	}
}

// temp returns the name of a file that isn't there yet.
func temp(t *testing.T) string { return filepath.Join(t.TempDir(), "file") }

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// eventually waits for something that another process is about to do.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after a minute there is still not: %s", what)
		}
	}
}

// inTime calls f with a longer and longer time, until f reports that this was enough for what it is about to begin: how long that takes
// on a busy machine nobody knows. What f checks is to be true as soon as it was.
func inTime(t *testing.T, limit time.Duration, f func(limit time.Duration) (enough bool)) {
	t.Helper()
	for ; !f(limit); limit *= 4 {
		if limit > time.Minute {
			t.Fatalf("%v were not enough", limit)
		}
	}
}

// has reports whether a file, which another process writes, has a text by now.
func has(name, text string) func() bool {
	return func() bool {
		b, _ := os.ReadFile(name)
		return strings.Contains(string(b), text)
	}
}
