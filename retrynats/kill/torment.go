package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/callagain/retry/retrynats/internal/apart"
)

func (c config) spawn() (*exec.Cmd, error) {
	b, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(c.bin)
	cmd.Env = append(os.Environ(), variable+"="+string(b))
	cmd.Stderr = os.Stderr
	apart.Bind(cmd)
	return cmd, nil
}

// torment runs workers and kills them, then lets the last ones finish what is left.
func torment(ctx context.Context, c config, cl *cluster, w io.Writer) error {
	l, err := openLedger(c.Ledger)
	if err != nil {
		return err
	}
	began := time.Now()
	var kills atomic.Int64
	var wg, aside sync.WaitGroup
	over := make(chan struct{})
	if cl != nil {
		aside.Go(func() { cl.killServers(l, c.killServers, over, w) })
	}
	if c.clock != nil {
		aside.Go(func() { c.clock.run(l, &kills, c.kills, over, w) })
	}
	if c.disk > 0 {
		aside.Go(func() { c.fill(&kills, over, w) })
	}
	errs := make(chan error, c.workers)
	for range c.workers {
		wg.Go(func() {
			for n := int(kills.Load()); n < c.kills || n < 20*c.kills && !c.enough(); n = int(kills.Load()) {
				n := kills.Add(1)
				d := c
				d.Poison = c.Poison && n%16 == 3 && n < 50 // each kills a dozen processes by itself
				if err := d.life(l); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(over)
	aside.Wait()
	select {
	case err := <-errs:
		return err
	default:
	}
	fmt.Fprintf(w, "killed %d times in %v\n", kills.Load(), time.Since(began).Round(time.Second))
	if c.clock != nil {
		c.clock.to(l, step{everybody, 2 * time.Hour}, w) // so that nothing waits for a time to come again
	}
	began = time.Now()
	c.Last, c.Poison = true, false
	for deaths := 0; ; deaths++ {
		cmd, err := c.spawn()
		if err != nil {
			return err
		}
		err = cmd.Run()
		if err == nil {
			break
		}
		if c.lossy != nil {
			if err := c.lossy.lose(); err != nil {
				return err
			}
		}
		// Poison kills it, and has said so.
		if c.failed(cmd) || deaths > 1000 {
			return fmt.Errorf("the last worker: %w", err)
		}
	}
	fmt.Fprintf(w, "what was left ended within %v\n", time.Since(began).Round(time.Second))
	return nil
}

// fill fills the disk until less is free than what is kept for the calls that are there, after a quarter of the kills. When a start was refused,
// and half of the kills are over, there is room again.
func (c config) fill(kills *atomic.Int64, over chan struct{}, w io.Writer) {
	defer os.Remove(c.ballast)
	filled := false
	for {
		select {
		case <-over:
			return
		case <-time.After(50 * time.Millisecond):
		}
		n := int(kills.Load())
		if !filled && n*4 >= c.kills {
			if err := apart.Fill(c.ballast, c.Reserve*3/4); err != nil {
				fmt.Fprintln(w, "fill the disk:", err)
			}
			filled = true
		}
		if n*2 >= c.kills && c.refused() {
			return
		}
	}
}

// enough reports whether the run shows something by now: on a machine with much else to do workers are killed before they have done anything.
func (c config) enough() bool {
	lines, _, err := read(c.Ledger)
	calls := map[string]bool{}
	for _, x := range lines {
		if x.Kind == accepted {
			calls[x.Func+" "+x.Key] = true
		}
	}
	return err == nil && len(calls) >= fewest && (c.disk == 0 || slices.ContainsFunc(lines, isRefusal))
}

// refused reports whether a start was refused.
func (c config) refused() bool {
	lines, _, err := read(c.Ledger)
	return err == nil && slices.ContainsFunc(lines, isRefusal)
}

func isRefusal(x line) bool { return x.Kind == refused }

// life is that of one worker process.
func (c config) life(l *ledger) error {
	cmd, err := c.spawn()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	opened := make(chan struct{})
	go func() { out.Read(make([]byte, 1)); close(opened) }() // it says when it is open
	gone := make(chan struct{})
	go func() { <-opened; cmd.Wait(); close(gone) }()
	d := rand.N(c.longest)
	if rand.IntN(4) == 0 {
		d = rand.N(120 * time.Millisecond) // while it opens
	} else {
		<-opened // or dead
	}
	if c.stop && rand.IntN(5) == 0 {
		time.Sleep(d)
		l.put(line{Kind: stopped, PID: cmd.Process.Pid})
		cmd.Process.Signal(syscall.SIGSTOP)
		time.Sleep(2*lease + rand.N(lease))
		cmd.Process.Signal(syscall.SIGCONT)
		l.put(line{Kind: resumed, PID: cmd.Process.Pid})
	}
	select {
	case <-gone: // poison
		if c.failed(cmd) {
			return fmt.Errorf("a worker: %v", cmd.ProcessState)
		}
		return c.unplug(l)
	case <-time.After(d):
	}
	at := realNow() // before, since another worker may be quick to notice
	cmd.Process.Kill()
	l.put(line{Kind: killed, PID: cmd.Process.Pid, T: at})
	<-gone
	return c.unplug(l)
}

// failed reports whether a worker ended by an error that it shouldn't have met.
func (c config) failed(cmd *exec.Cmd) bool {
	code := cmd.ProcessState.ExitCode()
	return code == cannotWork || code == cannotOpen && !(c.power && c.sync && c.servers > 0)
}

// unplug loses the power, if that is what is tried. The ledger is on another disk.
func (c config) unplug(l *ledger) error {
	if c.lossy == nil {
		return nil
	}
	l.put(line{Kind: unplugged})
	return c.lossy.lose()
}
