// Package oddshared makes budgets and clients, and retries in retries, in odd shapes.
package oddshared

import (
	"context"
	"net/http"
	"sync"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

func fetch(context.Context) error { return nil }

// Reported.

func expression(ctx context.Context) error {
	return retry.Do(ctx, retry.Policy{Budget: new(retry.Budget{Ratio: .2})}, fetch) // want `a Budget made for one call limits nothing`
}

func later(ctx context.Context) error {
	var p retry.Policy
	p.Budget = &retry.Budget{} // want `a Budget made for one call limits nothing`
	return retry.Do(ctx, p, fetch)
}

func inGeneric[T any](ctx context.Context, f func(context.Context) (T, error)) (T, error) {
	budget := new(retry.Budget) // want `a Budget made for one call limits nothing`
	return retry.Get(ctx, retry.Policy{Budget: budget}, f)
}

func handle(w http.ResponseWriter, r *http.Request) {
	c := retryhttp.NewClient(retry.Policy{}) // want `made for one call has budgets that know of no other call`
	resp, err := c.Do(r)
	if err == nil {
		resp.Body.Close()
	}
}

type inner struct{}

func (inner) fetch(ctx context.Context) error { return retry.Do(ctx, retry.Policy{}, fetch) }

func value(ctx context.Context, i inner) error {
	return retry.Do(ctx, retry.Policy{}, i.fetch) // want `retry inside retry`
}

type outer struct{ inner }

func (o outer) promoted(ctx context.Context) error {
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) (err error) {
		defer func() { _ = recover() }()
		err = o.fetch(ctx) // want `retry inside retry`
		return
	})
}

func switched(ctx context.Context, i inner) error {
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		switch err := i.fetch(ctx); { // want `retry inside retry`
		case err != nil:
			return err
		}
		return nil
	})
}

// Not reported.

var budget = sync.OnceValue(func() *retry.Budget { return new(retry.Budget) })

var byName = map[string]*retry.Budget{"a": new(retry.Budget)}

var once sync.Once

var shared *retry.Budget

func initialized(ctx context.Context) error {
	once.Do(func() { shared = new(retry.Budget) })
	return retry.Do(ctx, retry.Policy{Budget: shared}, fetch)
}

func named(ctx context.Context, name string) error {
	b, ok := byName[name]
	if !ok {
		b = new(retry.Budget)
		byName[name] = b
	}
	return retry.Do(ctx, retry.Policy{Budget: b}, fetch)
}

type client struct {
	retry.Policy
	http *http.Client
}

func newClient(opts ...func(*client)) *client {
	c := &client{Policy: retry.Policy{Budget: new(retry.Budget)}}
	c.http = retryhttp.NewClient(c.Policy)
	for _, o := range opts {
		o(c)
	}
	return c
}

func (c *client) get(ctx context.Context) error { return retry.Do(ctx, c.Policy, fetch) }

func withBudget() func(*client) { return func(c *client) { c.Budget = &retry.Budget{} } }

func several(ctx context.Context, n int) error {
	p := retry.Policy{Budget: new(retry.Budget)}
	for range n {
		if err := retry.Do(ctx, p, fetch); err != nil {
			return err
		}
	}
	return nil
}

func closure() func(context.Context) error {
	p := retry.Policy{Budget: new(retry.Budget)}
	return func(ctx context.Context) error { return retry.Do(ctx, p, fetch) }
}

func sent(c chan<- retry.Policy) {
	select {
	case c <- retry.Policy{Budget: new(retry.Budget)}:
	default:
	}
}

func ignored(ctx context.Context, i inner) error {
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		go i.fetch(ctx)
		defer i.fetch(ctx)
		if i.fetch(ctx) != nil {
			return nil
		}
		return fetch(ctx)
	})
}

func recursive(ctx context.Context, n int) error {
	if n == 0 {
		return nil
	}
	return retry.Do(ctx, retry.Policy{Attempts: 1}, func(ctx context.Context) error { return recursive(ctx, n-1) })
}
