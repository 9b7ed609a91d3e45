package main

import (
	"encoding/json"
	"errors"
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

	"github.com/callagain/retry/retrynats/internal/trio"
)

// A clock that steps. Programs are built with another package time, whose Now adds what a file says: the wall clock is another one then, and
// the monotonic one goes on, as on a machine whose clock is set. (What the kernel tells a process of the time can't be changed for one that
// is linked statically.)
type clock struct {
	dir, overlay string
	whose        []string
}

// The clocks are these, and one for each server.
const (
	everybody = "all"
	workers   = "workers"
)

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
	c := &clock{dir, filepath.Join(dir, "overlay.json"), []string{workers}}
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
	if err := c.set(workers, 0); err != nil {
		return nil, err
	}
	return c, os.Setenv(clockVariable, c.file(workers)) // for the processes that are started
}

func (c *clock) file(whose string) string { return filepath.Join(c.dir, "clock."+whose) }

// server gives a server a clock of its own.
func (c *clock) server(s *trio.Server) {
	c.whose = append(c.whose, s.Name)
	s.Env = append(s.Env, clockVariable+"="+c.file(s.Name))
	c.set(s.Name, 0) // without the file the clock is right as well
}

// set steps a clock, or all.
func (c *clock) set(whose string, d time.Duration) error {
	if whose == everybody {
		var errs []error
		for _, w := range c.whose {
			errs = append(errs, c.set(w, d))
		}
		return errors.Join(errs...)
	}
	name := c.file(whose)
	if err := os.WriteFile(name+".new", strconv.AppendInt(nil, int64(d/time.Second), 10), 0o600); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
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

// A step of somebody's clock: it is ahead by so much then.
type step struct {
	whose string
	ahead time.Duration
}

// steps are those of a run: an hour forward and back, an hour back and forward. Then, in a cluster, clocks differ: a server's from all
// others, another one's, and the workers'.
func (c *clock) steps() []step {
	all := []step{{everybody, time.Hour}, {everybody, 0}, {everybody, -time.Hour}, {everybody, 0}}
	if len(c.whose) > 1 {
		for _, whose := range c.whose {
			all = append(all, step{whose, time.Hour}, step{whose, 0}, step{whose, -time.Hour}, step{whose, 0})
		}
	}
	return all
}

// run steps the clocks while the kills go on.
func (c *clock) run(l *ledger, kills *atomic.Int64, most int, over chan struct{}, w io.Writer) {
	all := c.steps()
	for i := 0; i < len(all); {
		select {
		case <-over:
			return
		case <-time.After(10 * time.Millisecond):
		}
		if int(kills.Load())*(len(all)+1) >= (i+1)*most {
			c.to(l, all[i], w)
			i++
		}
	}
}

func (c *clock) to(l *ledger, s step, w io.Writer) {
	l.put(line{Kind: stepped, Out: s.whose + " " + s.ahead.String()})
	if err := c.set(s.whose, s.ahead); err != nil {
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
