package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/callagain/retry/cmd/retry/internal/proc"
)

// hook has the shell run the command of a flag beside the runs. It can't read our input nor
// write to our output, which are the command's; what it says goes to standard error.
// It returns its exit code. When it fails that's said, and makes no other difference but for codeStops in --on-retry.
func (c *call) hook(ctx context.Context, flag, command, reason string, env ...string) int {
	code, err := c.runHook(ctx, command, append(env, "RETRY_REASON="+reason))
	if err == nil && code != 0 && (code != codeStops || flag != "on-retry") {
		err = fmt.Errorf("exit code %d", code)
	}
	if err != nil {
		// Its text may hold what is nobody's business.
		c.say.problem(fmt.Errorf("the hook of --%s failed: %w", flag, err))
	}
	return code
}

func (c *call) runHook(ctx context.Context, command string, env []string) (int, error) {
	nothing, err := os.Open(os.DevNull)
	if err != nil {
		return 0, err
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
	p, err := proc.Start(ctx, proc.Command{
		Args:   shell,
		Env:    append(c.environment(number), env...),
		Stdin:  nothing,
		Stdout: os.Stderr,
		Stderr: os.Stderr,
		Grace:  c.grace,
	}, c.signals)
	if err != nil {
		return 0, err
	}
	out, err := p.Wait(ctx)
	if err == nil && out.Cut {
		err = errors.New("there was no time left for it")
	}
	return out.Code, err
}
