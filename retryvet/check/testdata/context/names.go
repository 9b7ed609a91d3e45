package context

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/callagain/retry"
)

// The outer context under another name: reported.

func otherName(ctx context.Context) error {
	return retry.Do(ctx, p, func(attempt context.Context) error {
		other := ctx // want `the attempt uses ctx, the context of the whole call: Policy.Timeout does not end it; use the context that retry.Do passes to it`
		if err := fetch(other); err != nil {
			return err
		}
		return fetch(attempt)
	})
}

func otherNameUnnamed(ctx context.Context) error {
	return retry.Do(ctx, p, func(context.Context) error {
		var limited, cancel = context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		var other = ctx // want `uses ctx`
		return errors.Join(fetch(other), fetch(limited))
	})
}

func otherNameOfRequest(w http.ResponseWriter, r *http.Request) {
	_ = retry.Do(r.Context(), p, func(attempt context.Context) error {
		ctx := r.Context() // want `uses r.Context\(\), the context of the whole call`
		return fetch(ctx)
	})
}

func furtherName(ctx context.Context) error {
	return retry.Do(ctx, p, func(attempt context.Context) error {
		a := ctx // want `uses ctx, the context of the whole call`
		b := a
		var c = b
		if err := fetch(c); err != nil {
			return err
		}
		return fetch(attempt)
	})
}

// Without a fix: a further name is needed for something else.
func furtherNameLooks(ctx context.Context) error {
	return retry.Do(ctx, p, func(attempt context.Context) error {
		a := ctx // want `uses ctx`
		b := a
		if err := fetch(b); err != nil {
			return context.Cause(b)
		}
		return fetch(attempt)
	})
}

// Without a fix: the attempt's context would be assigned to itself.
func assignedToOwn(ctx context.Context) error {
	return retry.Do(ctx, p, func(c context.Context) error {
		c = ctx // want `uses ctx, the context of the whole call`
		return fetch(c)
	})
}

func assignedToOwnLoop(ctx context.Context) error {
	var loop retry.Loop
	for c := range loop.Attempts(ctx, p) {
		c = ctx // want `uses ctx, the context of the whole call: Policy.Timeout does not end it; use the context that loop.Attempts yields`
		loop.Done(fetch(c))
	}
	return loop.Err()
}

// Without a fix: the other name is needed for something else.
func otherNameLooks(ctx context.Context) error {
	return retry.Do(ctx, p, func(attempt context.Context) error {
		other := ctx // want `uses ctx`
		go fetch(other)
		return fetch(other)
	})
}

func otherNameOutside(ctx context.Context) error {
	other := ctx
	return retry.Do(ctx, p, func(context.Context) error {
		return fetch(other) // want `uses other, another name of the context of the whole call: Policy.Timeout does not end it`
	})
}

// Not reported.

// Another name that isn't passed on, or that stands for something else too, or may.
func otherNames(ctx context.Context, long bool) error {
	return retry.Do(ctx, p, func(attempt context.Context) error {
		call, life, either := ctx, ctx, attempt
		if call.Err() != nil {
			return context.Cause(call)
		}
		if long {
			either = ctx
		}
		if err := stream(attempt, life); err != nil {
			go fetch(life)
			return err
		}
		return fetch(either)
	})
}

func furtherNames(ctx context.Context, long bool) error {
	return retry.Do(ctx, p, func(attempt context.Context) error {
		a := ctx
		looks, either, both := a, attempt, a
		if long {
			either = a
		}
		go func() {
			life := a
			fetch(life)
		}()
		if err := stream(attempt, both); looks.Err() != nil {
			return err
		}
		return fetch(either)
	})
}

func sometimes(ctx context.Context, long bool) error {
	return retry.Do(ctx, p, func(c context.Context) error {
		err := fetch(c)
		if long {
			c = ctx
			return fetch(c)
		}
		return err
	})
}

func atTheEnd(ctx context.Context) error {
	return retry.Do(ctx, p, func(c context.Context) error {
		err := fetch(c)
		c = ctx
		return err
	})
}

func ownName(ctx context.Context) error {
	return retry.Do(ctx, p, func(attempt context.Context) error {
		ctx := attempt
		return fetch(ctx)
	})
}

// The name is that of a context without the limit of the call's.
func longer(ctx context.Context) error {
	life := ctx
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return retry.Do(ctx, p, func(context.Context) error { return fetch(life) })
}

func lives(ctx context.Context) error {
	life := ctx
	return retry.Do(ctx, p, func(ctx context.Context) error {
		if err := fetch(ctx); err != nil {
			return err
		}
		return fetch(life)
	})
}
