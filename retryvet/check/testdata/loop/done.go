package loop

import (
	"context"
	"errors"
	"fmt"
	"log"

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

var shared retry.Loop

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
