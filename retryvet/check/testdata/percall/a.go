package percall

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

func f(context.Context) error        { return nil }
func v(context.Context) (int, error) { return 0, nil }

// Reported.

func direct(ctx context.Context) error {
	return retry.Do(ctx, retry.Policy{Budget: &retry.Budget{}}, f) // want `a Budget made for one call limits nothing, since it knows of no other call: make it once, for all calls`
}

func byNew(ctx context.Context) error {
	p := retry.Policy{Name: "x", Budget: new(retry.Budget)} // want `a Budget made for one call`
	return retry.Do(ctx, p, f)
}

func variable(ctx context.Context) error {
	var b retry.Budget // want `a Budget made for one call`
	p := retry.Policy{Name: "x", Budget: &b}
	return retry.Do(ctx, p, f)
}

func field(ctx context.Context, p retry.Policy) error {
	p2 := p
	p2.Budget = &retry.Budget{Min: 1} // want `a Budget made for one call`
	return retry.Do(ctx, p2, f)
}

func inLoop(ctx context.Context, names []string) {
	for range names {
		b := &retry.Budget{} // want `a Budget made for one call`
		_ = retry.Do(ctx, retry.Policy{Budget: b}, f)
	}
}

func theLoop(ctx context.Context) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, retry.Policy{Budget: &retry.Budget{}}) { // want `a Budget made for one call`
		loop.Done(f(ctx))
	}
	return loop.Err()
}

func handler(w http.ResponseWriter, r *http.Request) {
	c := retryhttp.NewClient(retry.Policy{}) // want `a Transport made for one call has budgets that know of no other call, so they limit nothing: make it once, outside of the handler`
	proxy(c, w, r)
}

func proxy(c *http.Client, w http.ResponseWriter, r *http.Request) {}

func handlers() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := &retry.Budget{} // want `outside of the handler`
		_ = retry.Do(r.Context(), retry.Policy{Budget: b}, f)
		_ = retry.Do(r.Context(), retry.Policy{Budget: b}, f)
	})
}

func clientForOne(url string) (*http.Response, error) {
	return retryhttp.NewClient(retry.Policy{Timeout: time.Second}).Get(url) // want `a Transport made for one call`
}

func transportForOne(req *http.Request) (*http.Response, error) {
	c := &http.Client{Transport: &retryhttp.Transport{}} // want `a Transport made for one call`
	c.Timeout = time.Minute
	return c.Do(req)
}

func hedgeForOne(ctx context.Context) (int, error) {
	return retry.Hedge(retry.HedgeSettings{}, v)(ctx) // want `a hedge made for one call knows no latencies and has a budget of its own, so it doesn't limit the attempts that it adds: make it once, for all calls`
}

func hedgeForOne2(ctx context.Context) (int, error) {
	h := retry.Hedge(retry.HedgeSettings{Delay: time.Second}, v) // want `a hedge made for one call`
	return h(ctx)
}

func fresh() retry.Policy {
	return retry.Policy{Budget: new(retry.Budget)} // want `a Budget made for one call limits nothing`
}

func byFunction(ctx context.Context) error {
	return retry.Do(ctx, fresh(), func(context.Context) error { return nil })
}

// Not reported.

func forKeeping() retry.Policy { return retry.Policy{Budget: new(retry.Budget)} }

var kept = forKeeping()

func byKeptFunction(ctx context.Context) error {
	return errors.Join(
		retry.Do(ctx, kept, func(context.Context) error { return nil }),
		retry.Do(ctx, forKeeping(), func(context.Context) error { return nil }),
	)
}

var budget = &retry.Budget{}
var hedged = retry.Hedge(retry.HedgeSettings{}, v)
var client = retryhttp.NewClient(retry.Policy{})

func right(ctx context.Context) error { return retry.Do(ctx, retry.Policy{Budget: budget}, f) }

type service struct {
	b *retry.Budget
	c *http.Client
}

func newService() *service {
	s := &service{b: new(retry.Budget)}
	s.c = retryhttp.NewClient(retry.Policy{Budget: s.b})
	return s
}

func made() *retry.Budget { return &retry.Budget{} }

func many(ctx context.Context) {
	p := retry.Policy{Budget: &retry.Budget{}}
	for range 100 {
		retry.Start(ctx, p, v)
	}
}

func two(ctx context.Context) error {
	b := &retry.Budget{}
	if err := retry.Do(ctx, retry.Policy{Budget: b}, f); err != nil {
		return err
	}
	return retry.Do(ctx, retry.Policy{Budget: b}, f)
}

func closure() func(context.Context) error {
	p := retry.Policy{Budget: &retry.Budget{}}
	return func(ctx context.Context) error { return retry.Do(ctx, p, f) }
}

func handlerOf(urls []string) http.HandlerFunc {
	c := retryhttp.NewClient(retry.Policy{})
	return func(w http.ResponseWriter, r *http.Request) { c.Do(r) }
}

func each(ctx context.Context, urls []string) {
	c := retryhttp.NewClient(retry.Policy{})
	for _, u := range urls {
		c.Get(u)
	}
}

func given(c func(*http.Client)) { c(retryhttp.NewClient(retry.Policy{})) }

func sharedBudget(url string) (*http.Response, error) {
	return retryhttp.NewClient(retry.Policy{Budget: budget}).Get(url)
}

func unknown(url string, p retry.Policy) (*http.Response, error) {
	return retryhttp.NewClient(p).Get(url)
}

func hedgeBudget(ctx context.Context) (int, error) {
	return retry.Hedge(retry.HedgeSettings{Delay: time.Second, Budget: budget}, v)(ctx)
}
