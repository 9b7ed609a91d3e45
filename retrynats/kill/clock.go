package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// A clock that steps. Programs are built with another package time, whose Now adds what a file says: the wall clock is another one then, and
// the monotonic one goes on, as on a machine whose clock is set. (What the kernel tells a process of the time can't be changed for one that
// is linked statically.)
type clock struct {
	file    string
	overlay string
}

const clockVariable = "RETRYNATS_CLOCK"

const stepSource = `package time

import (
	"sync/atomic"
	"syscall"
)

var stepSeconds atomic.Int64

func init() {
	name, ok := syscall.Getenv("` + clockVariable + `")
	if !ok {
		return
	}
	look := func() {
		b, err := readFile(name)
		if err != nil {
			return
		}
		if n, err := atoi(string(b)); err == nil {
			stepSeconds.Store(int64(n))
		}
	}
	look()
	go func() {
		for {
			Sleep(5 * Millisecond)
			look()
		}
	}()
}
`

func newClock(dir string) (*clock, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	src := filepath.Join(strings.TrimSpace(string(root)), "src", "time")
	b, err := os.ReadFile(filepath.Join(src, "time.go"))
	if err != nil {
		return nil, err
	}
	const now = "func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n"
	s := strings.Replace(string(b), now, now+"\tsec += stepSeconds.Load()\n", 1)
	if s == string(b) {
		return nil, fmt.Errorf("time.Now isn't as it was in Go 1.26: change the overlay")
	}
	c := &clock{filepath.Join(dir, "clock"), filepath.Join(dir, "overlay.json")}
	edited, added := filepath.Join(dir, "time.go"), filepath.Join(dir, "step.go")
	j, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(src, "time.go"): edited, filepath.Join(src, "retrynats_step.go"): added}})
	if err != nil {
		return nil, err
	}
	for path, b := range map[string][]byte{edited: []byte(s), added: []byte(stepSource), c.overlay: j} {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			return nil, err
		}
	}
	if err := c.set(0); err != nil {
		return nil, err
	}
	return c, os.Setenv(clockVariable, c.file) // for the processes that are started
}

// set steps the clock of all processes.
func (c *clock) set(d time.Duration) error {
	new := c.file + ".new"
	if err := os.WriteFile(new, strconv.AppendInt(nil, int64(d/time.Second), 10), 0o600); err != nil {
		return err
	}
	return os.Rename(new, c.file)
}

// worker builds this program with the clock.
func (c *clock) worker(dir string) (string, error) {
	bin := filepath.Join(dir, "worker")
	out, err := exec.Command("go", "build", "-overlay", c.overlay, "-o", bin, "github.com/callagain/retry/retrynats/kill").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build a worker with a clock that steps: %w\n%s", err, out)
	}
	return bin, nil
}

// steps are those of a run: an hour forward and back, an hour back and forward.
var steps = []time.Duration{0, time.Hour, 0, -time.Hour, 0}

// run steps the clock while the kills go on.
func (c *clock) run(l *ledger, kills *atomic.Int64, all int, over chan struct{}, w io.Writer) {
	for i := 1; i < len(steps); {
		select {
		case <-over:
			return
		case <-time.After(10 * time.Millisecond):
		}
		if int(kills.Load())*len(steps) >= i*all {
			c.to(l, steps[i], w)
			i++
		}
	}
}

func (c *clock) to(l *ledger, d time.Duration, w io.Writer) {
	l.put(line{Kind: stepped, Out: d.String()})
	if err := c.set(d); err != nil {
		fmt.Fprintln(w, "step the clock:", err)
	}
}

// realNow is the kernel's clock in nanoseconds, which doesn't step: the ledger's order is by it.
func realNow() int64 {
	var t syscall.Timeval
	if err := syscall.Gettimeofday(&t); err != nil {
		panic(err)
	}
	return t.Nano()
}
