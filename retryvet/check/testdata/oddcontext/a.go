// Package oddcontext has attempts in odd shapes.
package oddcontext

import (
	stdctx "context"
	"errors"
	"fmt"
	"time"

	. "github.com/callagain/retry"
	again "github.com/callagain/retry"
)

type Settings = again.Policy

type attempt = func(stdctx.Context) error

type key struct{}

var settings = Settings{Timeout: time.Second}

func fetch(stdctx.Context) error { return nil }

type tx struct{}

func begin(stdctx.Context) (*tx, error)     { return nil, nil }
func (*tx) Rollback(stdctx.Context) error   { return nil }
func (*tx) Commit(stdctx.Context) error     { return nil }
func userFromContext(stdctx.Context) string { return "" }

// Reported.

func dotted(ctx stdctx.Context) error {
	return Do(ctx, settings, func(stdctx.Context) error {
		return fetch(ctx) // want `uses ctx, the context of the whole call`
	})
}

func generic[T any](ctx stdctx.Context, f func(stdctx.Context) (T, error)) (T, error) {
	return Get[T](ctx, settings, func(_ stdctx.Context) (T, error) {
		return f(ctx) // want `uses ctx`
	})
}

func aliased(ctx stdctx.Context) error {
	var a attempt = func(stdctx.Context) error {
		return fetch(ctx) // want `uses ctx`
	}
	return again.Do(ctx, settings, a)
}

// One attempt for two calls is one mistake.
func twice(ctx stdctx.Context) error {
	a := func(stdctx.Context) error {
		return fetch(ctx) // want `uses ctx`
	}
	return errors.Join(again.Do(ctx, settings, a), again.Do(ctx, settings, a))
}

func shadowed(ctx stdctx.Context) error {
	return again.Do(ctx, settings, func(attempt stdctx.Context) error {
		if attempt := fetch(attempt); attempt != nil {
			return fetch(ctx) // want `uses ctx`
		}
		return nil
	})
}

func ranged(ctx stdctx.Context) error {
	var loop again.Loop
outer:
	for attempt := range loop.Attempts(ctx, settings) {
		for range 3 {
			if loop.Done(fetch(ctx)) { // want `uses ctx`
				break outer
			}
			_ = attempt
			continue outer
		}
		loop.Done(nil)
	}
	return loop.Err()
}

// Not reported.

func rollback(ctx stdctx.Context) error {
	return again.Do(ctx, settings, func(attempt stdctx.Context) error {
		t, err := begin(attempt)
		if err != nil {
			return err
		}
		defer t.Rollback(ctx) // the attempt's context may be over
		defer func() { _ = t.Rollback(ctx) }()
		return t.Commit(attempt)
	})
}

func values(ctx stdctx.Context) error {
	return again.Do(ctx, settings, func(attempt stdctx.Context) error {
		return fetch(stdctx.WithValue(attempt, key{}, userFromContext(ctx)))
	})
}

func stored(ctx stdctx.Context) error {
	type job struct{ ctx stdctx.Context }
	return again.Do(ctx, settings, func(attempt stdctx.Context) error {
		j := job{ctx: ctx}
		j.ctx = attempt
		return fetch(j.ctx)
	})
}

func selects(ctx stdctx.Context, c chan error) error {
	return again.Do(ctx, settings, func(attempt stdctx.Context) error {
		select {
		case err := <-c:
			return err
		case <-attempt.Done():
			return attempt.Err()
		case <-ctx.Done():
			return stdctx.Cause(ctx)
		}
	})
}

type service struct {
	ctx  stdctx.Context
	call attempt
}

func (s *service) field() error {
	s.call = func(stdctx.Context) error { return fetch(s.ctx) }
	return again.Do(s.ctx, settings, s.call)
}

func (s *service) fetch(stdctx.Context) error { return fetch(s.ctx) }

func (s *service) value() error { return again.Do(s.ctx, settings, s.fetch) }

func expression(s *service) error {
	f := (*service).fetch
	return again.Do(s.ctx, settings, func(ctx stdctx.Context) error { return f(s, ctx) })
}

func spread(ctx stdctx.Context) error { return again.Do(arguments(ctx)) }

func arguments(ctx stdctx.Context) (stdctx.Context, again.Policy, attempt) {
	return ctx, settings, func(ctx stdctx.Context) error { return fetch(ctx) }
}

func jumps(ctx stdctx.Context) error {
	return again.Do(ctx, settings, func(ctx stdctx.Context) error {
		n := 0
	more:
		if err := fetch(ctx); err != nil {
			return err
		}
		if n++; n < 2 {
			goto more
		}
		return nil
	})
}

func init() {
	_ = again.Do(stdctx.Background(), settings, func(ctx stdctx.Context) error { return fetch(ctx) })
}

// Policies that refer to one another.
var first, second again.Policy

func cycle() {
	first = second
	first.Attempts = 2
}

func cycleBack(ctx stdctx.Context) error {
	second = first
	second.Timeout = time.Second
	return again.Do(ctx, first, func(ctx stdctx.Context) error { return fmt.Errorf("%w", fetch(ctx)) })
}
