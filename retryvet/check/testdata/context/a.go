package context

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/callagain/retry"
)

var p = retry.Policy{Timeout: time.Second}

func fetch(context.Context) error        { return nil }
func value(context.Context) (int, error) { return 0, nil }
func withRetry(ctx context.Context, f func(context.Context) error) error {
	return retry.Do(ctx, p, f)
}

func wrapsLiteral(ctx context.Context, name string, f func(context.Context) error) error {
	return retry.Do(ctx, p, func(ctx context.Context) error { return f(ctx) })
}

// Reported.

func unnamed(ctx context.Context) error {
	return retry.Do(ctx, p, func(context.Context) error {
		return fetch(ctx) // want `the attempt uses ctx, the context of the whole call: Policy.Timeout does not end it; use the context that retry.Do passes to it`
	})
}

func blank(ctx context.Context) (int, error) {
	return retry.Get(ctx, p, func(_ context.Context) (int, error) {
		return value(ctx) // want `uses ctx, the context of the whole call`
	})
}

func named(ctx context.Context) error {
	return retry.Do(ctx, p, func(attempt context.Context) error {
		if err := fetch(ctx); err != nil { // want `uses ctx`
			return err
		}
		return fetch(ctx)
	})
}

func derived(ctx context.Context) error {
	return retry.Do(ctx, p, func(attempt context.Context) error {
		c, cancel := context.WithTimeout(ctx, time.Second) // want `uses ctx`
		defer cancel()
		return fetch(c)
	})
}

func half(ctx context.Context) error {
	return retry.Do(ctx, p, func(attempt context.Context) error {
		if err := fetch(attempt); err != nil {
			return err
		}
		return fetch(ctx) // want `uses ctx`
	})
}

func request(w http.ResponseWriter, r *http.Request) {
	_ = retry.Do(r.Context(), p, func(ctx context.Context) error {
		return fetch(r.Context()) // want `uses r.Context\(\), the context of the whole call`
	})
}

func start(ctx context.Context) {
	retry.Start(ctx, p, func(context.Context) (int, error) {
		return value(ctx) // want `uses ctx`
	})
}

type key struct{}

func madeOutside(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return retry.Do(ctx, p, func(context.Context) error {
		return fetch(limited) // want `uses limited, which is made of the context of the whole call: Policy.Timeout does not end it`
	})
}

func valued(ctx context.Context) error {
	named := context.WithValue(ctx, key{}, "name")
	return retry.Do(ctx, p, func(context.Context) error {
		return fetch(named) // want `uses named, which is made of`
	})
}

// What is dialed lives on.
func cancelable(ctx context.Context) error {
	life, cancel := context.WithCancel(ctx)
	defer cancel()
	return retry.Do(ctx, p, func(context.Context) error { return fetch(life) })
}

func loop(ctx context.Context) error {
	var loop retry.Loop
	for range loop.Attempts(ctx, p) {
		loop.Done(fetch(ctx)) // want `uses ctx, the context of the whole call: Policy.Timeout does not end it; use the context that loop.Attempts yields`
	}
	return loop.Err()
}

func loopNamed(ctx context.Context) error {
	var loop retry.Loop
	for attempt := range loop.Attempts(ctx, p) {
		_ = attempt
		loop.Done(fetch(ctx)) // want `uses ctx`
	}
	return loop.Err()
}

func hedge(ctx context.Context) (int, error) {
	h := retry.Hedge(retry.HedgeSettings{}, func(context.Context) (int, error) {
		return value(ctx) // want `the attempt that loses is not canceled`
	})
	if v, err := h(ctx); err == nil {
		return v, nil
	}
	return h(ctx)
}

func wrapped(ctx context.Context) error {
	return withRetry(ctx, func(context.Context) error {
		return fetch(ctx) // want `use the context that context.withRetry passes to it`
	})
}

func wrappedTwice(ctx context.Context) error {
	return wrapsLiteral(ctx, "x", func(context.Context) error {
		return fetch(ctx) // want `uses ctx`
	})
}

func variable(ctx context.Context) error {
	f := func(context.Context) error {
		return fetch(ctx) // want `uses ctx`
	}
	return retry.Do(ctx, p, f)
}

// Without a fix: ctx is needed for something else.
func alsoLooks(ctx context.Context) error {
	return retry.Do(ctx, p, func(context.Context) error {
		if ctx.Err() != nil {
			return nil
		}
		return fetch(ctx) // want `uses ctx`
	})
}

// Without a fix: the parameter's name means something else there.
func shadowed(ctx context.Context) error {
	return retry.Do(ctx, p, func(c context.Context) error {
		{
			c := 1
			_ = c
			return fetch(ctx) // want `uses ctx`
		}
	})
}

// Not reported.

func right(ctx context.Context) error {
	return retry.Do(ctx, p, func(ctx context.Context) error { return fetch(ctx) })
}

func method(ctx context.Context, db interface{ PingContext(context.Context) error }) error {
	return retry.Do(ctx, p, db.PingContext)
}

func looks(ctx context.Context) error {
	return retry.Do(ctx, p, func(attempt context.Context) error {
		if ctx.Err() != nil || context.Cause(ctx) != nil || retry.Attempt(ctx) > 1 {
			return nil
		}
		slog.InfoContext(ctx, "attempt")
		return fetch(attempt)
	})
}

func outlives(ctx context.Context) error {
	return retry.Do(ctx, p, func(attempt context.Context) error {
		if err := fetch(attempt); err != nil {
			return err
		}
		go fetch(ctx)
		return nil
	})
}

// A connection lives longer than the attempt that makes it.
func lifetime(life, ctx context.Context) error {
	return retry.Do(ctx, p, func(attempt context.Context) error {
		return fetch(life)
	})
}

func detached(ctx context.Context) error {
	return retry.Do(ctx, p, func(attempt context.Context) error {
		defer fetch(context.WithoutCancel(ctx))
		return fetch(attempt)
	})
}

func nothing(ctx context.Context) error {
	return retry.Do(ctx, p, func(context.Context) error { return nil })
}

func assigned(ctx context.Context) error {
	var loop retry.Loop
	for ctx = range loop.Attempts(ctx, p) {
		loop.Done(fetch(ctx))
	}
	return loop.Err()
}

func ownLoop(ctx context.Context) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		loop.Done(fetch(ctx))
	}
	return loop.Err()
}

func background() error {
	return retry.Do(context.Background(), p, func(ctx context.Context) error { return fetch(context.Background()) })
}

func toldSo(ctx context.Context) error {
	return retry.Do(ctx, p, func(context.Context) error {
		//retryvet:ignore the commit must not be cut off
		return fetch(ctx)
	})
}

// A function that is given both knows which is which.
func both(ctx context.Context) error {
	return retry.Do(ctx, p, func(attempt context.Context) error { return stream(attempt, ctx) })
}

func stream(attempt, life context.Context) error { return nil }

func bothOther(ctx context.Context) error {
	return retry.Do(ctx, p, func(attempt context.Context) error {
		if err := stream(attempt, attempt); err != nil {
			return err
		}
		return fetch(ctx) // want `the attempt uses ctx`
	})
}

// A comment on a declaration counts for all of it.
//
//retryvet:ignore nothing of it has limits
func toldSoOnce(ctx context.Context) error {
	if err := retry.Do(ctx, p, func(context.Context) error { return fetch(ctx) }); err != nil {
		return err
	}
	return retry.Do(ctx, p, func(context.Context) error { return fetch(ctx) })
}
