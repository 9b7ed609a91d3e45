package retrynats

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/callagain/retry/retrynats/internal/record"
	"github.com/callagain/retry/retrynats/internal/store"
)

// Move copies all calls from one place to another, for example from a directory to a cluster, and wakes them there. It returns how many
// were copied. No worker may be running in either place. Nothing is deleted, and calls that are there already are left alone: Move may be called
// again after an error. A call that is there in another form is an error.
func Move(ctx context.Context, from, to Settings) (int, error) {
	a, err := Open(ctx, from)
	if err != nil {
		return 0, err
	}
	defer a.Close(ctx)
	b, err := Open(ctx, to)
	if err != nil {
		return 0, err
	}
	defer b.Close(ctx)
	var mu sync.Mutex
	var errs []error
	n := 0
	var wg sync.WaitGroup
	slots := make(chan struct{}, 500) // written at once, so that they go in batches
	err = a.store.Scan(ctx, "", true, func(h store.Head) bool {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			copied, err := b.receive(ctx, h)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", h.ID, err))
			} else if copied {
				n++
			}
		})
		mu.Lock()
		defer mu.Unlock()
		return len(errs) < 10
	})
	wg.Wait()
	if err = errors.Join(append(errs, err)...); err != nil {
		return n, fmt.Errorf("retrynats: move: %w", err)
	}
	return n, nil
}

// receive stores a call that comes from elsewhere.
func (e *Engine) receive(ctx context.Context, h store.Head) (bool, error) {
	r, err := record.Decode(h.ID, h.Data)
	if err != nil {
		return false, err
	}
	rev, err := e.store.Change(ctx, r, 0, e.keep(r))
	if errors.Is(err, store.ErrConflict) {
		have, e := e.store.Raw(ctx, h.ID)
		if e == nil && string(have) == string(h.Data) {
			return false, nil
		}
		return false, fmt.Errorf("there is another call of this key already (%w)", errors.Join(err, e))
	}
	if err == nil && !r.Over() {
		err = e.store.Wake(ctx, r, rev, 0)
	}
	return err == nil, err
}
