package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
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
