package retrynats

import (
	"context"
	"time"

	"github.com/callagain/retry"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	mostAtOnce = 500                    // ticks of one request
	idle       = 5 * time.Second        // of a request that waits for the next tick
	alive      = 500 * time.Millisecond // within twice of which a request that was lost with its server is noticed
)

// take takes the calls of a function that are due while there are free slots, until no more are to be taken. A call without a slot waits
// in the stream.
func (e *Engine) take(f *function) {
	again := retry.Policy{Attempts: retry.Unlimited, Backoff: retry.Exponential{Initial: 50 * time.Millisecond, Max: time.Second}}
	var loop retry.Loop
	for ctx := range loop.Attempts(e.taking, again) {
		var c jetstream.Consumer
		err := ctx.Err()
		if err == nil {
			c, err = e.store.Consumer(ctx, f.name, e.set.Lease)
		}
		worked := false
		for err == nil && ctx.Err() == nil {
			var n int
			if n, err = e.takeSome(ctx, f, c, idle); n > 0 {
				worked = true
			}
		}
		// The consumer is looked up again: one that was made anew by a new owner of the directory doesn't answer.
		if err != nil && ctx.Err() == nil {
			e.set.Log.Warn("retrynats: take calls", "function", f.name, "err", err)
		}
		if err == nil {
			err = context.Canceled
		}
		if worked {
			err = retry.Progress(err)
		}
		if loop.Done(err) {
			return
		}
	}
}

// takeSome takes what is there, or waits for one for a time.
func (e *Engine) takeSome(ctx context.Context, f *function, c jetstream.Consumer, idle time.Duration) (int, error) {
	n, err := e.acquire(ctx, f)
	if err != nil {
		return 0, err
	}
	b, err := c.FetchNoWait(n)
	got := 0
	if err == nil {
		for m := range b.Messages() {
			got++
			e.working.Go(func() { defer e.release(f, 1); e.handle(f, m) })
		}
		err = b.Error()
	}
	e.release(f, n-got)
	if err != nil || got > 0 {
		return got, err
	}
	// Nothing is there: wait for the next one without a slot, which others may need.
	waiting, cancel := context.WithTimeout(ctx, idle)
	defer cancel()
	if b, err = c.Fetch(1, jetstream.FetchContext(waiting), jetstream.FetchHeartbeat(alive)); err != nil {
		return 0, err
	}
	for m := range b.Messages() {
		if ctx.Err() != nil || !e.tryAcquire(f) {
			m.Nak() // for somebody who has one
			continue
		}
		got++
		e.working.Go(func() { defer e.release(f, 1); e.handle(f, m) })
	}
	if err = b.Error(); waiting.Err() != nil {
		err = nil
	}
	return got, err
}

// acquire waits for a slot, and takes as many as are free.
func (e *Engine) acquire(ctx context.Context, f *function) (int, error) {
	if f.slots != nil { // the narrower limit first, so that nobody waits for it with a slot that others need
		select {
		case f.slots <- struct{}{}:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	select {
	case e.slots <- struct{}{}:
	case <-ctx.Done():
		if f.slots != nil {
			<-f.slots
		}
		return 0, ctx.Err()
	}
	n := 1
	for n < mostAtOnce && e.tryAcquire(f) {
		n++
	}
	return n, nil
}

func (e *Engine) tryAcquire(f *function) bool {
	if f.slots != nil {
		select {
		case f.slots <- struct{}{}:
		default:
			return false
		}
	}
	select {
	case e.slots <- struct{}{}:
		return true
	default:
	}
	if f.slots != nil {
		<-f.slots
	}
	return false
}

func (e *Engine) release(f *function, n int) {
	for range n {
		<-e.slots
		if f.slots != nil {
			<-f.slots
		}
	}
}
