package retrynats_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrynats"
)

// open returns an engine in a directory of its own.
func open(ctx context.Context) (e *retrynats.Engine, end func(), err error) {
	dir, err := os.MkdirTemp("", "retrynats-*")
	if err != nil {
		return nil, nil, err
	}
	e, err = retrynats.Open(ctx, retrynats.Settings{Dir: dir})
	if err != nil {
		os.RemoveAll(dir)
		return nil, nil, err
	}
	return e, func() { e.Close(ctx); os.RemoveAll(dir) }, nil
}

// A webhook is delivered although the receiver is down at first. If this process died now, another one that registers the function would go on.
func ExampleRegister() {
	ctx := context.Background()
	engine, end, err := open(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer end()

	policy := retry.Policy{Attempts: 10, Backoff: retry.Constant(0)}
	deliver, err := retrynats.Register(engine, "webhook", policy, func(ctx context.Context, url string) (string, error) {
		attempt, _ := retrynats.Current(ctx)
		fmt.Println("attempt", attempt.Number, "of", attempt.Key) // the key serves as an idempotency key
		if attempt.Number < 3 {
			return "", errors.New("503 Service Unavailable")
		}
		return "delivered to " + url, nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	var call *retrynats.Call[string]
	call, err = deliver.Start(ctx, "order-7", "https://example.com/hook")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(call.Result(ctx))
	// Output:
	// attempt 1 of order-7
	// attempt 2 of order-7
	// attempt 3 of order-7
	// delivered to https://example.com/hook <nil>
}

// A receiver that takes one delivery at a time gets no more from this engine; the other calls wait in the stream.
func ExampleAtOnce() {
	ctx := context.Background()
	engine, end, err := open(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer end()

	var busy atomic.Int32
	deliver, err := retrynats.Register(engine, "webhook", retry.Policy{}, func(ctx context.Context, order int) (int, error) {
		defer busy.Add(-1)
		if busy.Add(1) > 1 {
			fmt.Println("the receiver is busy")
		}
		return order, nil
	}, retrynats.AtOnce(1))
	if err != nil {
		fmt.Println(err)
		return
	}
	for order := range 3 {
		if _, err := deliver.Start(ctx, fmt.Sprint("order-", order), order); err != nil {
			fmt.Println(err)
			return
		}
	}
	for order := range 3 {
		fmt.Println(deliver.Call(fmt.Sprint("order-", order)).Result(ctx))
	}
	// Output:
	// 0 <nil>
	// 1 <nil>
	// 2 <nil>
}

// Calls that gave up are listed with their failures, and begun anew when what they failed by was repaired.
func ExampleFunction_Again() {
	ctx := context.Background()
	engine, end, err := open(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer end()

	repaired := make(chan struct{})
	charge, err := retrynats.Register(engine, "charge", retry.Policy{Attempts: 1}, func(context.Context, int) (string, error) {
		select {
		case <-repaired:
			return "charged", nil
		default:
			return "", errors.New("wrong password")
		}
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	call, err := charge.Start(ctx, "order-7", 42)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = call.Result(ctx)
	if failure, ok := errors.AsType[*retrynats.Failure](err); ok {
		fmt.Println(failure.Kind, failure.Text)
	}
	for info, err := range charge.Calls(ctx, retrynats.Dead) {
		if err != nil {
			fmt.Println(err)
			return
		}
		var info retrynats.Info = info
		fmt.Println(info.Key, info.State, info.Attempts)
	}
	close(repaired)
	if err := charge.Again(ctx, "order-7"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(call.Result(ctx))

	_, err = charge.Call("order-8").Info(ctx)
	fmt.Println(errors.Is(err, retrynats.ErrNotFound))
	// Output:
	// error wrong password
	// order-7 dead 1
	// charged <nil>
	// true
}

// From a directory to a cluster. No worker may be running in either place.
func ExampleMove() {
	move := func(ctx context.Context) (int, error) {
		return retrynats.Move(ctx, retrynats.Settings{Dir: "/var/lib/webhooks"}, retrynats.Settings{URL: "nats://n1,nats://n2,nats://n3"})
	}
	_ = move
}
