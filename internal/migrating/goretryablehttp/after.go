package goretryablehttp

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

var policy = retry.Policy{
	Attempts: 4,
	Backoff:  retry.Exponential{Initial: time.Second, Max: 5 * time.Second, Jitter: retry.NoJitter},
}

// afterClient returns a client over base.
func afterClient(base http.RoundTripper) *http.Client {
	return &http.Client{Transport: &retryhttp.Transport{Base: base, Policy: policy}}
}

func afterGet(ctx context.Context, base http.RoundTripper) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return nil, err
	}
	return afterClient(base).Do(req)
}

// The server knows by the key that it is the same order.
func afterPost(ctx context.Context, base http.RoundTripper) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, "POST", url, bytes.NewReader([]byte(`{"item":"tea"}`)))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Idempotency-Key", "order-7")
	return afterClient(base).Do(req)
}

// Which answers are retried is the program's.
//
//retryvet:ignore made for one call to be compared with one
func afterCheckRetry(ctx context.Context, base http.RoundTripper) (*http.Response, error) {
	p := policy
	notFound := retryhttp.Status(404)
	p.RetryIf = func(err error) bool { return retryhttp.Network(err) || notFound(err) }
	c := &http.Client{Transport: &retryhttp.Transport{Base: base, Policy: p}}
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return nil, err
	}
	return c.Do(req)
}

// The answer is read in the attempt.
func afterDecode(ctx context.Context, base http.RoundTripper) (o order, err error) {
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return o, err
	}
	return retryhttp.Fetch(afterClient(base), req, retryhttp.JSON[order])
}

// A signer signs each attempt.
type signer struct {
	base http.RoundTripper
	sign func(*http.Request) error
}

func (s signer) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	if err := s.sign(req); err != nil {
		return nil, retry.Stop(err)
	}
	return s.base.RoundTrip(req)
}

func afterPrepare(ctx context.Context, base http.RoundTripper, sign func(*http.Request) error) (*http.Response, error) {
	c := afterClient(signer{base, sign})
	req, err := http.NewRequestWithContext(ctx, "PUT", url, strings.NewReader("tea"))
	if err != nil {
		return nil, err
	}
	return c.Do(req)
}
