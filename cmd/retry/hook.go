package main

import (
	"context"
	"fmt"
	"os"
	"runtime"

	"github.com/callagain/retry/cmd/retry/internal/proc"
)

// hook has the shell run a command beside the runs. It can't read our input nor
// write to our output, which are the command's; what it says goes to standard error.
// When it fails that's said, and makes no other difference.
func (c *call) hook(ctx context.Context, command string, env ...string) {
	nothing, err := os.Open(os.DevNull)
	if err != nil {
		c.say.problem(err)
		return
	}
	defer nothing.Close()
	shell := []string{"/bin/sh", "-c", command}
	if runtime.GOOS == "windows" {
		shell = []string{"cmd", "/c", command}
	}
	number := 0
	if c.last != nil {
		number = c.last.number
	}
	p, err := proc.Start(proc.Command{
		Args:   shell,
		Env:    append(c.environment(number), env...),
		Stdin:  nothing,
		Stdout: os.Stderr,
		Stderr: os.Stderr,
		Grace:  c.grace,
	}, c.signals)
	if err != nil {
		c.say.problem(fmt.Errorf("hook: %w", err))
		return
	}
	if out, err := p.Wait(ctx); err != nil {
		c.say.problem(fmt.Errorf("hook: %w", err))
	} else if out.Code != 0 {
		c.say.problem(fmt.Errorf("the hook %q failed: exit code %d", command, out.Code))
	}
}
