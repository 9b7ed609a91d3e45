package loop

import (
	"context"
	"log"
	"sync"
	"time"

	"github.com/callagain/retry"
)

// Reported.

func noErr(ctx context.Context) (o order) {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) { // want `nobody looks at loop.Err: that all attempts failed, or that there was none, goes unnoticed`
		o, err := fetch(ctx)
		if loop.Done(err) {
			return o
		}
	}
	return o
}

func nested(ctx context.Context) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		for ctx := range loop.Attempts(ctx, p) { // want `loop is used for a call in an attempt of another call: both lose their results; declare a Loop for each` `retry inside retry`
			_, err := fetch(ctx)
			loop.Done(err)
		}
		loop.Done(loop.Err())
	}
	return loop.Err()
}

func twice(ctx context.Context) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		_, err := fetch(ctx)
		loop.Done(err)
	}
	for ctx := range loop.Attempts(ctx, p) { // want `loop is used for a second call before anything looked at the Err of the first: its error is lost`
		_, err := fetch(ctx)
		loop.Done(err)
	}
	return loop.Err()
}

func goroutines(ctx context.Context) error {
	var loop retry.Loop
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for ctx := range loop.Attempts(ctx, p) { // want `loop is used by more than one goroutine: a Loop is for one call at a time; declare it in the goroutine`
				_, err := fetch(ctx)
				loop.Done(err)
			}
		})
	}
	wg.Wait()
	return loop.Err()
}

func goStatement(ctx context.Context) error {
	var loop retry.Loop
	go func() {
		for ctx := range loop.Attempts(ctx, p) { // want `more than one goroutine`
			_, err := fetch(ctx)
			loop.Done(err)
		}
	}()
	return loop.Err()
}

func global(ctx context.Context) error {
	for ctx := range shared.Attempts(ctx, p) { // want `shared is a package-level Loop: calls in different goroutines take each other's results; declare it in the function`
		_, err := fetch(ctx)
		shared.Done(err)
	}
	return shared.Err()
}

// Not reported.

func handedOver(ctx context.Context) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		o, _ := fetch(ctx)
		handle(ctx, &loop, o)
	}
	return loop.Err()
}

func twiceInARow(ctx context.Context, two bool) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		_, err := fetch(ctx)
		loop.Done(err)
	}
	if err := loop.Err(); err != nil {
		return err
	}
	for ctx := range loop.Attempts(ctx, p) {
		_, err := fetch(ctx)
		loop.Done(err)
	}
	return loop.Err()
}

func either(ctx context.Context, two bool) error {
	var loop retry.Loop
	if two {
		for ctx := range loop.Attempts(ctx, p) {
			_, err := fetch(ctx)
			loop.Done(err)
		}
	} else {
		for ctx := range loop.Attempts(ctx, p) {
			_, err := fetch(ctx)
			loop.Done(err)
		}
	}
	return loop.Err()
}

func labelled(ctx context.Context, names []string) error {
names:
	for range names {
		var loop retry.Loop
		for ctx := range loop.Attempts(ctx, p) {
			_, err := fetch(ctx)
			if loop.Done(err) {
				continue names
			}
		}
		return loop.Err()
	}
	return nil
}

func ownGoroutine(ctx context.Context) {
	for range 2 {
		go func() {
			var loop retry.Loop
			for ctx := range loop.Attempts(ctx, p) {
				_, err := fetch(ctx)
				loop.Done(err)
			}
			log.Print(loop.Err())
		}()
	}
}

// It ends with its context, of which the caller knows.
func endless(ctx context.Context) {
	forever := retry.Policy{Attempts: retry.Unlimited}
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, forever) {
		_, err := fetch(ctx)
		loop.Done(retry.Progress(err))
	}
}

func endlessWithin(ctx context.Context) {
	forever := retry.Policy{Attempts: retry.Unlimited}
	forever.Within = time.Hour
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, forever) { // want `nobody looks at loop.Err`
		_, err := fetch(ctx)
		loop.Done(err)
	}
}
