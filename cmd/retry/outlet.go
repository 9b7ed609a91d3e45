package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/callagain/retry/cmd/retry/internal/proc"
)

// An outlet is a file that we write to. Whoever reads it may stop doing so, and a write then blocks; that
// must not make us deaf to signals and limits.
type outlet struct {
	file *os.File
	busy chan struct{} // holds one while a write goes on
}

func newOutlet(f *os.File) *outlet { return &outlet{f, make(chan struct{}, 1)} }

// moment is how long a write may still take when the context has ended.
const moment = 500 * time.Millisecond

var errStuck = errors.New("nobody takes what is written")

// write writes p. If it can't be written before ctx has ended, and a moment later, it returns
// errStuck; then p must not be used again.
func (o *outlet) write(ctx context.Context, p []byte) error {
	over := ctx.Err() != nil
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		if proc.Awake(moment, late.Done()) {
			cancel()
		}
	})()
	select {
	case o.busy <- struct{}{}:
	default:
		if over {
			return errStuck // it has had its moment
		}
		select {
		case o.busy <- struct{}{}:
		case <-late.Done():
			return errStuck
		}
	}
	done := make(chan error, 1)
	go func() {
		var err error
		proc.Unstopped(func() { _, err = o.file.Write(p) })
		<-o.busy
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-late.Done():
	}
	select {
	case err := <-done: // both at once
		return err
	default:
		return errStuck
	}
}

// writer is for what needs an io.Writer.
func (o *outlet) writer(ctx context.Context) outletWriter { return outletWriter{o, ctx} }

type outletWriter struct {
	to  *outlet
	ctx context.Context
}

func (w outletWriter) Write(p []byte) (int, error) {
	if err := w.to.write(w.ctx, p); err != nil {
		return 0, err
	}
	return len(p), nil
}
