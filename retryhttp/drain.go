package retryhttp

import (
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	drainSize = 64 << 10               // of a discarded body: reading that is cheaper than a new connection
	drainTime = 250 * time.Millisecond // for reading it
)

// closeAfter reads what's left of a response's body, so that its connection can be used again, and closes it. It returns
// the first keep bytes. A body that goes on for too long, in bytes or in time, is closed as it is, which costs the connection.
// Nobody waits any longer for one whose Read doesn't end even then.
func closeAfter(body io.ReadCloser, keep int64) []byte {
	if body == nil || body == http.NoBody {
		return nil
	}
	defer body.Close()
	r := &stoppable{Reader: body}
	read := aside(func() []byte {
		var piece []byte
		if keep > 0 {
			piece, _ = io.ReadAll(io.LimitReader(r, keep))
		}
		io.CopyN(io.Discard, r, drainSize)
		return piece
	})
	late := time.NewTimer(drainTime)
	defer late.Stop()
	for range 2 {
		select {
		case got := <-read:
			if got.panicked != nil {
				panic(got.panicked)
			}
			return got.value
		case <-late.C:
			r.stopped.Store(true)
			body.Close() // which is what ends a Read, if anything does
			late.Reset(drainTime)
		}
	}
	return nil
}

// A stoppable is a foreign body that is read aside: whatever it does, it isn't read when nobody waits any more.
type stoppable struct {
	io.Reader
	stopped atomic.Bool
}

func (s *stoppable) Read(p []byte) (int, error) {
	if s.stopped.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	return s.Reader.Read(p)
}

// aside calls f, which asks foreign code that may block, in a goroutine of its own. The channel is sent how that ended.
func aside[T any](f func() T) <-chan returned[T] {
	done := make(chan returned[T], 1)
	go func() {
		var r returned[T]
		defer func() {
			if !r.ok {
				r.panicked = recover()
			}
			done <- r
		}()
		r.value = f()
		r.ok = true
	}()
	return done
}

// A returned is how a call of a function ended.
type returned[T any] struct {
	value    T
	ok       bool // else it panicked, or exited its goroutine
	panicked any
}
