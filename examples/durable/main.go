// Command durable sends webhooks that survive the process that accepted them.
//
//	go run .
//
// A receiver is down, as receivers are. A sender accepts webhooks, tries to deliver them, and is killed by SIGKILL. Another sender goes on
// where it was, the receiver comes up, and each webhook arrives: once by its key, however often it was sent. Nothing is to be installed, and all
// traffic stays on this machine.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

const webhooks = 30

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if dir := os.Getenv("DURABLE_DIR"); dir != "" {
		err = send(ctx, dir, os.Getenv("DURABLE_URL"), os.Getenv("DURABLE_ACCEPT") != "", os.Stdout)
	} else {
		err = show(ctx, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "durable:", err)
		os.Exit(1)
	}
}

// show runs the receiver, and the senders as processes of their own.
func show(ctx context.Context, out io.Writer) error {
	dir, err := os.MkdirTemp("", "durable-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	r, err := receive()
	if err != nil {
		return err
	}
	defer r.close()
	fmt.Fprintf(out, "the receiver is down: it answers 503\n")

	first, err := sender(ctx, dir, r.url, true, out)
	if err != nil {
		return err
	}
	for !exists(filepath.Join(dir, "accepted")) { // written when all are
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	first.Process.Signal(syscall.SIGKILL)
	first.Wait()
	fmt.Fprintf(out, "the first sender, process %d, was killed; %d webhooks have arrived\n", first.Process.Pid, r.arrived())

	second, err := sender(ctx, dir, r.url, false, out)
	if err != nil {
		return err
	}
	r.up()
	fmt.Fprintf(out, "the receiver is up, and another sender, process %d, goes on\n", second.Process.Pid)
	if err := second.Wait(); err != nil {
		return fmt.Errorf("the second sender: %w", err)
	}
	requests, twice := r.counts()
	fmt.Fprintf(out, "%d of %d webhooks have arrived, in %d requests; %d of those were repeated and recognized by their key\n", r.arrived(), webhooks, requests, twice)
	if r.arrived() != webhooks {
		return fmt.Errorf("%d webhooks have not arrived", webhooks-r.arrived())
	}
	return nil
}

func sender(ctx context.Context, dir, url string, accept bool, out io.Writer) (*exec.Cmd, error) {
	c := exec.CommandContext(ctx, os.Args[0])
	c.Env = append(os.Environ(), "DURABLE_DIR="+dir, "DURABLE_URL="+url)
	if accept {
		c.Env = append(c.Env, "DURABLE_ACCEPT=yes")
	}
	c.Stdout, c.Stderr = out, os.Stderr
	return c, c.Start()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
