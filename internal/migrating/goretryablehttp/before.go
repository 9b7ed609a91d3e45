// Package goretryablehttp has the programs of docs/migrating/go-retryablehttp.md.
package goretryablehttp

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

var _ = retryablehttp.LinearJitterBackoff

const url = "http://shop.test/orders/7"

// beforeClient returns a client over base.
func beforeClient(base http.RoundTripper) *http.Client {
	c := retryablehttp.NewClient()
	c.HTTPClient.Transport = base
	c.RetryMax = 3
	c.RetryWaitMin = time.Second
	c.RetryWaitMax = 5 * time.Second
	c.Logger = nil
	c.ErrorHandler = retryablehttp.PassthroughErrorHandler
	return c.StandardClient()
}

func beforeGet(ctx context.Context, base http.RoundTripper) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return nil, err
	}
	return beforeClient(base).Do(req)
}

// A client of its own kind, and requests of their own kind.
func beforePost(ctx context.Context, base http.RoundTripper) (*http.Response, error) {
	c := retryablehttp.NewClient()
	c.HTTPClient.Transport = base
	c.RetryMax = 3
	c.RetryWaitMin = time.Second
	c.RetryWaitMax = 5 * time.Second
	c.Logger = nil
	c.ErrorHandler = retryablehttp.PassthroughErrorHandler
	req, err := retryablehttp.NewRequestWithContext(ctx, "POST", url, []byte(`{"item":"tea"}`))
	if err != nil {
		return nil, err
	}
	return c.Do(req)
}

// Which answers are retried is the program's.
func beforeCheckRetry(ctx context.Context, base http.RoundTripper) (*http.Response, error) {
	c := retryablehttp.NewClient()
	c.HTTPClient.Transport = base
	c.RetryMax = 3
	c.RetryWaitMin = time.Second
	c.RetryWaitMax = 5 * time.Second
	c.Logger = nil
	c.ErrorHandler = retryablehttp.PassthroughErrorHandler
	c.CheckRetry = func(ctx context.Context, resp *http.Response, err error) (bool, error) {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		return err != nil || resp.StatusCode == 404, nil
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return nil, err
	}
	return c.Do(req)
}

type order struct{ Item string }

// The answer is read in the attempt.
func beforeDecode(ctx context.Context, base http.RoundTripper) (o order, err error) {
	c := retryablehttp.NewClient()
	c.HTTPClient.Transport = base
	c.RetryMax = 3
	c.RetryWaitMin = time.Second
	c.RetryWaitMax = 5 * time.Second
	c.Logger = nil
	req, err := retryablehttp.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return o, err
	}
	req.SetResponseHandler(func(resp *http.Response) error {
		o = order{}
		return json.NewDecoder(resp.Body).Decode(&o)
	})
	resp, err := c.Do(req)
	if err != nil {
		return o, err
	}
	return o, resp.Body.Close()
}

// Each attempt is signed anew.
func beforePrepare(ctx context.Context, base http.RoundTripper, sign func(*http.Request) error) (*http.Response, error) {
	c := retryablehttp.NewClient()
	c.HTTPClient.Transport = base
	c.RetryMax = 3
	c.RetryWaitMin = time.Second
	c.RetryWaitMax = 5 * time.Second
	c.Logger = nil
	c.ErrorHandler = retryablehttp.PassthroughErrorHandler
	c.PrepareRetry = sign
	req, err := retryablehttp.NewRequestWithContext(ctx, "PUT", url, io.Reader(strings.NewReader("tea")))
	if err != nil {
		return nil, err
	}
	if err := sign(req.Request); err != nil {
		return nil, err
	}
	return c.Do(req)
}
