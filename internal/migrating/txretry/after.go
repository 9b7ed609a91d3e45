// Package txretry has the programs of docs/migrating/txretry.md.
package txretry

import (
	"context"
	"errors"
	"time"

	"github.com/callagain/retry"
)

var (
	errBusy   = errors.New("busy")
	errNoPage = errors.New("no such page")
	err404    = errors.New("404 Not Found")
)

type fetch = func(context.Context) (string, error)

// RetryingCall(f).start(backoffIterator=[0, 1, 5]), with a callback.
func started(ctx context.Context, f fetch, done func(string, error)) *retry.Call[string] {
	policy := retry.Policy{Backoff: retry.List{0, time.Second, 5 * time.Second}}
	call := retry.Start(ctx, policy, f)
	call.Then(func(page string, err error) { done(page, err) })
	return call
}

// Waiting for the result.
func waited(ctx context.Context, f fetch) (string, error) {
	call := retry.Start(ctx, simple, f)
	return call.Result()
}

// simpleBackoffIterator()
var simple = retry.Policy{Attempts: 10, Backoff: retry.Exponential{Initial: 10 * time.Millisecond, Jitter: retry.NoJitter}}

// simpleBackoffIterator(maxResults=5, maxDelay=120.0, now=False, initDelay=0.01, incFunc=lambda d: d * 3.0)
var custom = retry.Policy{Attempts: 5, Backoff: retry.Exponential{
	Initial:   10 * time.Millisecond,
	Max:       2 * time.Minute,
	Grow:      func(d time.Duration) time.Duration { return 3 * d },
	Jitter:    retry.NoJitter,
	WaitFirst: true,
}}

// itertools.repeat(60)
var endless = retry.Policy{Attempts: retry.Unlimited, Backoff: retry.Constant(time.Minute)}

// A generator of one's own.
var squares = retry.Policy{Backoff: retry.Seq(func(yield func(time.Duration) bool) {
	for n := time.Duration(0); n < 4 && yield(n*n*time.Second); n++ {
	}
})}

// failureTester=lambda f: f.trap(Busy)
var trap = retry.Policy{RetryIf: retry.On(errBusy)}

// A tester that counts, and raises another failure.
var tester = retry.Policy{Decide: func(d *retry.Decision) {
	if errors.Is(d.Err, err404) {
		d.Retry = d.Count("404") <= 1
		if !d.Retry {
			d.Err, d.Retry = errNoPage, false
		}
	}
}}

// The errback gets the first failure; the call has them all.
func first(err error) ([]error, error) {
	if e, ok := errors.AsType[*retry.Error](err); ok {
		return e.Failures, e.First()
	}
	return nil, err
}
