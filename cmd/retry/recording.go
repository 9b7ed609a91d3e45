package main

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/callagain/retry/cmd/retry/internal/spool"
)

// A recording is what a run has written, to both of its outputs in turns.
type recording struct {
	mu     sync.Mutex
	buffer spool.Buffer
	parts  []part
	abort  context.CancelCauseFunc
}

type part struct {
	to *outlet // where it was meant for
	n  int64
}

// A recorder writes what is meant for one of our outputs into the recording.
type recorder struct {
	*recording
	to *outlet
}

func (r recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.buffer.Write(p); err != nil {
		err = fmt.Errorf("the command's output can't be kept: %w", err)
		r.abort(err)
		return 0, err
	}
	if last := len(r.parts) - 1; last >= 0 && r.parts[last].to == r.to {
		r.parts[last].n += int64(len(p))
	} else {
		r.parts = append(r.parts, part{r.to, int64(len(p))})
	}
	return len(p), nil
}

// play writes the recording, what was meant for standard error to stderr and the rest to stdout, and empties it.
func (r *recording) play(ctx context.Context, stdout, stderr *outlet) error {
	if r == nil {
		return nil
	}
	defer r.close()
	from := r.buffer.Reader()
	for _, p := range r.parts {
		to := stdout
		if p.to == stderr {
			to = stderr
		}
		if _, err := io.CopyN(to.writer(ctx), from, p.n); err != nil {
			return err
		}
	}
	return nil
}

func (r *recording) close() {
	if r != nil {
		r.buffer.Close()
		r.parts = nil
	}
}
