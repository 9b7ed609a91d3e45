package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/callagain/retry/cmd/retry/internal/proc"
	"github.com/callagain/retry/internal/redact"
)

func newCall(told context.Context, o *options, s *proc.Signals) *call {
	c := &call{
		options: o, told: told, ctx: told, signals: s, started: time.Now(), most: o.limit(),
		id:     fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64()),
		stdout: newOutlet(os.Stdout), stderr: newOutlet(os.Stderr),
	}
	var names []string
	for _, p := range o.probes {
		names = append(names, plain(redact.String(p.name)))
	}
	if c.name = strings.Join(names, ", "); names == nil {
		c.name = nameOf(o.command[0])
	}
	return c
}

// open opens all that the call needs, so that what can't be used is known before anything is run.
func (c *call) open() (err error) {
	if c.logFile != "" {
		if c.log, err = c.openLog(c.logFile); err != nil {
			return fmt.Errorf("--log-file: %w", err)
		}
		c.say = newSpeaker(c.options, c.stderr.writer(c.ctx), c.log)
	}
	in := os.Stdin
	if c.noStdin {
		if in, err = os.Open(os.DevNull); err != nil {
			return err
		}
	}
	c.stdin = newStdin(in)
	if c.options.budget != "" {
		if c.budget, err = openBudget(c.options.budget); err != nil {
			return fmt.Errorf("--budget: %w", err)
		}
	}
	if c.report, err = newReport(c); err != nil {
		return err
	}
	if c.probes != nil {
		return nil
	}
	// A folder of our own: in the shared one others could put there what we would obey.
	if c.dir, err = os.MkdirTemp("", "retry-*"); err != nil {
		c.dir = ""
		if c.verbose {
			c.say.problem(fmt.Errorf("there is no $RETRY_AFTER_FILE: %w", err))
		}
	}
	if dir, err := filepath.Abs(c.dir); c.dir != "" && err == nil {
		c.dir = dir // wherever the command goes
	}
	return nil
}

// openShared opens a file to write to that others may have made or read.
func (c *call) openShared(name string, flags int) (*os.File, error) {
	flags |= os.O_WRONLY | os.O_CREATE | syscall.O_NONBLOCK
	info, err := os.Lstat(name)
	switch {
	case err == nil && planted(name, info):
		return nil, fmt.Errorf("%s belongs to another user, in a folder that anybody can write to", name)
	case err != nil || info.Mode().IsRegular():
		flags |= noFollow
	}
	f, err := os.OpenFile(name, flags, 0o666)
	for tries := 0; errors.Is(err, syscall.ENXIO) && tries < 100 && c.ctx.Err() == nil; tries++ {
		// A FIFO that nobody reads. Who reads it may be started beside us.
		time.Sleep(10 * time.Millisecond)
		f, err = os.OpenFile(name, flags, 0o666)
	}
	if errors.Is(err, syscall.ENXIO) {
		err = fmt.Errorf("nobody reads %s; start what reads it first", name)
	}
	return f, err
}
