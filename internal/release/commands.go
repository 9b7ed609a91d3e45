package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A command is a program of ours that users get by go install.
type command struct {
	ours   string // its package, below github.com/callagain/retry
	args   []string
	prints string // what its standard output contains; VERSION stands for the version
}

var commands = []command{
	{"cmd/retry", []string{"--version"}, "retry VERSION"},
	{"retrynats/cmd/move", nil, ""},
	{"retryvet", []string{"help"}, "retry"},
	{"lab", []string{"-h"}, ""},
}

// use fails unless the command is got, built and run. A module with a replace line would be refused here.
func (c *command) use(ctx context.Context, version string, from *fromProxy) error {
	bin, err := os.MkdirTemp("", "release-bin-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(bin)
	env := append(from.env[:len(from.env):len(from.env)], "GOBIN="+bin)
	if _, err := outputWith(ctx, bin, env, "go", "install", modulePath(c.ours)+"@"+version); err != nil {
		return err
	}
	name := filepath.Join(bin, filepath.Base(c.ours))
	if c.prints == "" {
		_, err := os.Stat(name)
		return err
	}
	out, err := output(ctx, bin, name, c.args...)
	if want := strings.ReplaceAll(c.prints, "VERSION", version); err == nil && !strings.Contains(out, want) {
		err = fmt.Errorf("%s %s printed %q, without %q", c.ours, strings.Join(c.args, " "), out, want)
	}
	return err
}

// tidyForUsers fails if the go.mod or go.sum of a published module, as the release has them, isn't tidy: if it lacks
// something to build and test the module in a checkout of the tag.
func tidyForUsers(ctx context.Context, root string, ms []*module, from *fromProxy) error {
	for _, m := range ms {
		if !m.published {
			continue
		}
		if _, err := outputWith(ctx, filepath.Join(root, m.dir), from.env, "go", "mod", "tidy", "-diff"); err != nil {
			return err
		}
	}
	return nil
}
