package main

import (
	"context"
	"fmt"
	"os"
	"runtime"

	"github.com/callagain/retry/cmd/retry/internal/proc"
)

// hook has the shell run the command of a flag beside the runs. It can't read our input nor
// write to our output, which are the command's; what it says goes to standard error.
// When it fails that's said, and makes no other difference.
func (c *call) hook(ctx context.Context, flag, command, reason string, env ...string) {
	if err := c.runHook(ctx, command, append(env, "RETRY_REASON="+reason)); err != nil {
		// Its text may hold what is nobody's business.
		c.say.problem(fmt.Errorf("the hook of --%s failed: %w", flag, err))
	}
}

func (c *call) runHook(ctx context.Context, command string, env []string) error {
	nothing, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer nothing.Close()
	shell := []string{"/bin/sh", "-c", command}
	if runtime.GOOS == "windows" {
		shell = []string{"cmd", "/c", command}
	}
	number := 0
	if c.last != nil {
		number = c.last.number
		env = append(env, "RETRY_FAILURE="+c.last.reason)
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
		return err
	}
	out, err := p.Wait(ctx)
	switch {
	case err != nil:
		return err
	case out.Cut:
		return fmt.Errorf("there was no time left for it")
	case out.Code != 0:
		return fmt.Errorf("exit code %d", out.Code)
	}
	return nil
}
