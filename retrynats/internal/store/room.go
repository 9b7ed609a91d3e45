package store

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// room refuses new calls before the stream or the disk is full, since a full one would refuse what those that are there have to
// store, too: then none of them ever ends. It looks at most once in a tenth of a second.
type room struct {
	max     int64 // of the stream; -1 for no limit
	free    func() (int64, error)
	reserve int64

	mu     sync.Mutex
	looked time.Time
	look   chan struct{} // is closed when the look that goes on is over; nil if none does
	err    error
}

func (r *room) check(ctx context.Context, s *Store) error {
	r.mu.Lock()
	if r.look == nil && time.Since(r.looked) < 100*time.Millisecond {
		defer r.mu.Unlock()
		return r.err
	}
	look := r.look
	if look == nil {
		look = make(chan struct{})
		r.look = look
		go func() { // not by the caller, whose context may be over soon, or worse
			err := r.see(s)
			r.mu.Lock()
			defer r.mu.Unlock()
			r.look, r.looked, r.err = nil, time.Now(), err
			close(look)
		}()
	}
	r.mu.Unlock()
	select {
	case <-look:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

func (r *room) see(s *Store) error {
	if r.max > 0 {
		ctx, cancel := context.WithTimeout(context.Background(), answer)
		defer cancel()
		// An error here is left to the write itself, which has a better one.
		if i, err := s.calls.Info(ctx); err == nil && int64(i.State.Bytes) > r.max/4*3 {
			return fmt.Errorf("%w: the stream has %d of %d bytes, and a quarter is kept for the calls in it: raise MaxBytes, or delete dead calls", ErrFull, i.State.Bytes, r.max)
		}
	}
	if r.free != nil {
		if n, err := r.free(); err == nil && n < r.reserve {
			return fmt.Errorf("%w: %d MB are free on the disk, and %d are kept for the calls that are there: free some, or lower Reserve", ErrFull, n>>20, r.reserve>>20)
		}
	}
	return nil
}
