package loop

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync"
	"time"

	"github.com/callagain/retry"
)

var p retry.Policy

type order struct{}

func fetch(context.Context) (order, error)       { return order{}, nil }
func save(context.Context, order) error          { return nil }
func decode(order) (int, error)                  { return 0, nil }
func permanent(error) bool                       { return false }
func handle(context.Context, *retry.Loop, order) {}

// Reported.

func noDone(ctx context.Context) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		_, err := fetch(ctx)
		if err != nil {
			log.Print(err)
		} // want `the attempt can end here without loop.Done: the call then ends with an error that is retry.ErrInvalid, whatever the attempt did`
	}
	return loop.Err()
}

func empty(ctx context.Context) error {
	var loop retry.Loop
	for range loop.Attempts(ctx, p) {
	} // want `without loop.Done`
	return loop.Err()
}

func continues(ctx context.Context) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		_, err := fetch(ctx)
		if err != nil { // want `without loop.Done`
			continue
		}
		loop.Done(nil)
	}
	return loop.Err()
}

func returns(ctx context.Context) (order, error) {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		o, err := fetch(ctx)
		if permanent(err) {
			return o, err // want `without loop.Done`
		}
		if loop.Done(err) {
			return o, nil
		}
	}
	return order{}, loop.Err()
}

func breaks(ctx context.Context) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		_, err := fetch(ctx)
		switch {
		case err == nil:
			loop.Done(nil)
		case permanent(err):
			fallthrough
		default:
		} // want `without loop.Done`
	}
	return loop.Err()
}

func onlyIfNil(ctx context.Context) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		_, err := fetch(ctx)
		if err == nil && loop.Done(err) {
			return nil
		} // want `without loop.Done`
	}
	return loop.Err()
}

func deferred(ctx context.Context) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		_, err := fetch(ctx)
		defer loop.Done(err) // want `without loop.Done`
	}
	return loop.Err()
}

func tooEarly(ctx context.Context) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		o, err := fetch(ctx)
		if err != nil {
			loop.Done(err)
			continue
		}
		loop.Done(nil)
		err = save(ctx, o) // want `save can fail after loop.Done\(nil\) has told that the attempt succeeded: its failure is not retried; call Done after it, with its error`
		if err != nil {
			log.Print(err)
		}
	}
	return loop.Err()
}

func tooEarlyReturn(ctx context.Context) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		o, err := fetch(ctx)
		if err == nil {
			loop.Done(nil)
			return save(ctx, o) // want `save can fail after loop.Done\(nil\)`
		}
		loop.Done(err)
	}
	return loop.Err()
}

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

var shared retry.Loop

func global(ctx context.Context) error {
	for ctx := range shared.Attempts(ctx, p) { // want `shared is a package-level Loop: calls in different goroutines take each other's results; declare it in the function`
		_, err := fetch(ctx)
		shared.Done(err)
	}
	return shared.Err()
}

// Not reported.

func right(ctx context.Context) (order, error) {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		o, err := fetch(ctx)
		if loop.Done(err) {
			return o, nil
		}
		log.Print(err)
	}
	return order{}, loop.Err()
}

func everyPath(ctx context.Context) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		o, err := fetch(ctx)
		switch {
		case permanent(err):
			loop.Done(retry.Stop(err))
			continue
		case err != nil:
			loop.Done(err)
			continue
		}
		for range 3 {
			if _, err := decode(o); err != nil {
				break
			}
		}
		if _, err := decode(o); loop.Done(err) {
			break
		}
	}
	return loop.Err()
}

func always(ctx context.Context) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		o, err := fetch(ctx)
		if !loop.Done(err) || o == (order{}) {
			continue
		}
		return nil
	}
	return loop.Err()
}

func panics(ctx context.Context) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		o, err := fetch(ctx)
		if o != (order{}) {
			panic("impossible")
		}
		if permanent(err) {
			log.Fatal(err)
		}
		loop.Done(err)
	}
	return loop.Err()
}

func handedOver(ctx context.Context) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		o, _ := fetch(ctx)
		handle(ctx, &loop, o)
	}
	return loop.Err()
}

func inLiteral(ctx context.Context) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		func() {
			var err error
			defer func() { loop.Done(err) }()
			_, err = fetch(ctx)
		}()
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

func toldAgain(ctx context.Context) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		o, err := fetch(ctx)
		if err != nil {
			loop.Done(err)
			continue
		}
		loop.Done(nil)
		err = save(ctx, o)
		loop.Done(err)
	}
	return loop.Err()
}

func afterwards(ctx context.Context) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		o, err := fetch(ctx)
		if err == nil {
			loop.Done(nil)
			fmt.Println(o)
			if o == (order{}) {
				return errors.New("empty order")
			}
			return nil
		}
		loop.Done(err)
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
