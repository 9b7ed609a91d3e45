// Nats is a program of somebody whose calls survive a crash.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrynats"
)

func main() {
	dir, err := os.MkdirTemp("", "calls-*")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	engine, err := retrynats.Open(ctx, retrynats.Settings{Dir: dir})
	if err != nil {
		panic(err)
	}
	defer engine.Close(ctx)
	double, err := retrynats.Register(engine, "double", retry.Policy{Backoff: retry.Constant(0)}, func(ctx context.Context, n int) (int, error) {
		if a, _ := retrynats.Current(ctx); a.Number < 3 {
			return 0, errors.New("not yet")
		}
		return 2 * n, nil
	})
	if err != nil {
		panic(err)
	}
	call, err := double.Start(ctx, "one", 21)
	if err != nil {
		panic(err)
	}
	fmt.Println(call.Result(ctx))
}
