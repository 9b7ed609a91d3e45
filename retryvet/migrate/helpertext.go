package migrate

// helpers are the functions that rewritten programs may need, by name. They use neither min nor max, since older programs have
// functions of their own that are called so.
var helpers = map[string]helper{
	"retryableClient": {[]string{"errors", "fmt", "math", "net/http", root + "/retryhttp"}, `
// retryableClient returns a client that retries requests as the StandardClient of go-retryablehttp does: whatever their method,
// with their bodies kept in memory, without a budget, and with an error instead of the last answer. retryhttp.NewClient(p)
// retries what is safe to repeat, and returns the last answer.
func retryableClient(p retry.Policy, base http.RoundTripper) *http.Client {
	p.RetryIf = func(failure error) bool {
		if answer, ok := errors.AsType[*retryhttp.StatusError](failure); ok {
			return retryableStatus(answer.StatusCode)
		}
		return retryhttp.Network(failure)
	}
	return &http.Client{Transport: retryableTransport{&retryhttp.Transport{
		Base:       base,
		Policy:     p,
		Budget:     func(string) *retry.Budget { return nil },
		BufferBody: math.MaxInt64,
	}}}
}

func retryableStatus(code int) bool {
	return code == http.StatusTooManyRequests || code >= 500 && code != http.StatusNotImplemented
}

type retryableTransport struct{ *retryhttp.Transport }

func (t retryableTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.Transport.RoundTrip(req.WithContext(retryhttp.WithIdempotent(req.Context())))
	if err == nil && retryableStatus(resp.StatusCode) {
		resp.Body.Close()
		return nil, fmt.Errorf("%s %s: giving up: %s", req.Method, req.URL.Host, resp.Status)
	}
	return resp, err
}
`},
	"backoffDelays": {[]string{"math", "math/rand/v2", "time"}, `
// backoffDelays gives the delays of an ExponentialBackOff of cenkalti/backoff: randomized by the given fraction to both
// sides, and up to that much longer than most. retry.Exponential spreads the delays more, and never exceeds its Max.
func backoffDelays(initial, most time.Duration, multiplier, randomization float64) retry.Seq {
	return func(yield func(time.Duration) bool) {
		if !yield(0) {
			return
		}
		for d := initial; ; {
			wait := float64(d)
			if randomization != 0 {
				wait *= 1 + randomization*(2*rand.Float64()-1)
			}
			switch {
			case wait < 0:
				wait = 0
			case wait > math.MaxInt64-1024:
				wait = math.MaxInt64 - 1024
			}
			if !yield(time.Duration(wait)) {
				return
			}
			if float64(d) >= float64(most)/multiplier {
				d = most
			} else {
				d = time.Duration(float64(d) * multiplier)
			}
		}
	}
}
`},
	"avastDelays": {[]string{"math", "math/rand/v2", "time"}, `
// avastDelays gives the delays of avast/retry-go: delay, doubled each time if double is true, and up to jitter more; at most
// most, if that isn't 0. retry.Exponential spreads the delays more.
func avastDelays(delay, jitter, most time.Duration, double bool) retry.Seq {
	return func(yield func(time.Duration) bool) {
		if !yield(0) {
			return
		}
		d := delay
		if double && d < 1 {
			d = 1
		}
		for {
			wait := d
			if jitter > 0 {
				if wait += rand.N(jitter); wait < 0 {
					wait = math.MaxInt64
				}
			}
			if most > 0 && wait > most {
				wait = most
			}
			if !yield(wait) {
				return
			}
			if double && d <= math.MaxInt64/2 {
				d *= 2
			}
		}
	}
}
`},
	"backoffNotify": {[]string{"context", "time"}, `
// backoffNotify returns an Observe that tells of each retry, as the Notify of cenkalti/backoff was.
func backoffNotify(notify func(error, time.Duration)) func(context.Context, retry.Event) {
	return func(_ context.Context, e retry.Event) {
		if e.Retry && notify != nil {
			notify(e.Err, e.Delay)
		}
	}
}
`},
	"avastOnRetry": {nil, `
// avastOnRetry returns a Decide that tells of each failure that is worth a retry, as the OnRetry of avast/retry-go was.
func avastOnRetry(onRetry func(uint, error)) func(*retry.Decision) {
	return func(d *retry.Decision) {
		if d.Retry && onRetry != nil {
			onRetry(uint(d.Attempt-1), d.Err)
		}
	}
}
`},
	"doubledDelays": {[]string{"math", "time"}, `
// doubledDelays gives the delays of go-retryablehttp: least, doubled each time, at most most, which may be 0.
func doubledDelays(least, most time.Duration) retry.Seq {
	return func(yield func(time.Duration) bool) {
		if !yield(0) {
			return
		}
		for d := least; ; {
			wait := d
			if wait > most {
				wait = most
			}
			if !yield(wait) {
				return
			}
			if d > math.MaxInt64/2 {
				d = most
			} else {
				d *= 2
			}
		}
	}
}
`},
	"retryAfter": {[]string{"fmt", "time"}, `
// retryAfter returns an error that is retried no sooner than after d, as RetryAfter of cenkalti/backoff did.
func retryAfter(d time.Duration) error {
	return retry.After(fmt.Errorf("retry after %v", d), d)
}
`},
	"fibonacciDelays": {[]string{"math", "time"}, `
// fibonacciDelays gives the delays of sethvargo/go-retry's NewFibonacci: each is the sum of the two before it.
// retry.Exponential grows faster.
func fibonacciDelays(base time.Duration) retry.Seq {
	return func(yield func(time.Duration) bool) {
		if !yield(0) {
			return
		}
		for a, b := time.Duration(0), base; ; {
			if a, b = b, a+b; b < 0 {
				b = math.MaxInt64
			}
			if !yield(b) {
				return
			}
		}
	}
}
`},
	"jitteredDelays": {[]string{"math/rand/v2", "time"}, `
// jitteredDelays gives the delays of b, each up to jitter and up to the given percentage shorter or longer, as
// sethvargo/go-retry does. The jitter of a retry.Exponential spreads the delays more.
func jitteredDelays(b retry.Backoff, jitter time.Duration, percent float64) retry.Seq {
	return func(yield func(time.Duration) bool) {
		for d := range b.Delays() {
			if d > 0 {
				random := 2*rand.Float64() - 1
				if d += time.Duration(random*float64(jitter)) + time.Duration(random*percent/100*float64(d)); d < 0 {
					d = 0
				}
			}
			if !yield(d) {
				return
			}
		}
	}
}
`},
}
