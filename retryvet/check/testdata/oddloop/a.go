// Package oddloop has loops in odd shapes.
package oddloop

import (
	"context"
	"errors"
	"sync"

	"github.com/callagain/retry"
)

type logger struct{}

func (logger) Fatalf(string, ...any) {}

var log logger

func fetch(context.Context) error { return nil }

// Reported.

func deferred(ctx context.Context, c chan int) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, retry.Policy{}) {
		select {
		case <-c:
			loop.Done(fetch(ctx))
		case <-ctx.Done():
		} // want `without loop.Done`
	}
	return loop.Err()
}

func labeled(ctx context.Context) error {
	var loop retry.Loop
outer:
	for ctx := range loop.Attempts(ctx, retry.Policy{}) {
		for range 2 {
			if fetch(ctx) != nil { // want `without loop.Done`
				continue outer
			}
		}
		loop.Done(nil)
	}
	return loop.Err()
}

func field(ctx context.Context) error {
	var s struct{ loop retry.Loop }
	for range s.loop.Attempts(ctx, retry.Policy{}) {
	} // want `without loop.Done`
	return s.loop.Err()
}

func inGroup(ctx context.Context) error {
	var loop retry.Loop
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for ctx := range loop.Attempts(ctx, retry.Policy{}) { // want `used by more than one goroutine`
				loop.Done(fetch(ctx))
			}
		})
	}
	wg.Wait()
	return loop.Err()
}

// Not reported.

func jumps(ctx context.Context) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, retry.Policy{}) {
		err := fetch(ctx)
		if err != nil {
			goto done
		}
	done:
		loop.Done(err)
	}
	return loop.Err()
}

func fatal(ctx context.Context) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, retry.Policy{}) {
		err := fetch(ctx)
		if errors.Is(err, context.Canceled) {
			log.Fatalf("%v", err)
		} else {
			loop.Done(err)
		}
	}
	return loop.Err()
}

func forever(ctx context.Context) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, retry.Policy{}) {
		if err := fetch(ctx); loop.Done(err) {
			select {}
		}
	}
	return loop.Err()
}

func methodValue(ctx context.Context) error {
	var loop retry.Loop
	done := loop.Done
	for ctx := range loop.Attempts(ctx, retry.Policy{}) {
		done(fetch(ctx))
	}
	return loop.Err()
}

func expression(ctx context.Context) error {
	var loop retry.Loop
	for ctx := range (*retry.Loop).Attempts(&loop, ctx, retry.Policy{}) {
		(*retry.Loop).Done(&loop, fetch(ctx))
	}
	return loop.Err()
}

func pointer(ctx context.Context) error {
	loop := new(retry.Loop)
	for ctx := range loop.Attempts(ctx, retry.Policy{}) {
		func() {
			defer func() { loop.Done(nil) }()
			_ = fetch(ctx)
		}()
	}
	return loop.Err()
}

func pulled(ctx context.Context) error {
	var loop retry.Loop
	attempts := loop.Attempts(ctx, retry.Policy{})
	for ctx := range attempts {
		loop.Done(fetch(ctx))
	}
	return loop.Err()
}

func byFunction(ctx context.Context) error {
	var loop retry.Loop
	loop.Attempts(ctx, retry.Policy{})(func(ctx context.Context) bool {
		loop.Done(fetch(ctx))
		return true
	})
	return loop.Err()
}

func each(ctx context.Context, urls []string) error {
	var loop retry.Loop
	for range urls {
		for ctx := range loop.Attempts(ctx, retry.Policy{}) {
			loop.Done(fetch(ctx))
		}
		if err := loop.Err(); err != nil {
			return err
		}
	}
	return nil
}

func either(ctx context.Context, fast bool) error {
	var loop retry.Loop
	switch {
	case fast:
		for ctx := range loop.Attempts(ctx, retry.Policy{Attempts: 2}) {
			loop.Done(fetch(ctx))
		}
	default:
		for ctx := range loop.Attempts(ctx, retry.Policy{}) {
			loop.Done(fetch(ctx))
		}
	}
	return loop.Err()
}

func iterated(ctx context.Context) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		var loop retry.Loop
		for ctx := range loop.Attempts(ctx, retry.Policy{}) {
			err := fetch(ctx)
			if loop.Done(err) && !yield(1) {
				return
			}
		}
		if loop.Err() != nil {
			yield(0)
		}
	}
}
