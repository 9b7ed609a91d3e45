package rh

import (
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

func Client() *http.Client {
	c := retryablehttp.NewClient()
	c.RetryMax = 2
	c.RetryWaitMin = time.Millisecond
	c.RetryWaitMax = 2 * time.Millisecond
	c.Logger = nil
	return c.StandardClient()
}

func Default(t http.RoundTripper) *http.Client {
	c := retryablehttp.NewClient()
	c.HTTPClient.Transport = t
	return c.StandardClient()
}

// What is left.

func Own() *http.Client {
	c := retryablehttp.NewClient()
	c.CheckRetry = retryablehttp.ErrorPropagatedRetryPolicy
	return c.StandardClient()
}

func Direct(url string) (*http.Response, error) { return retryablehttp.Get(url) }
