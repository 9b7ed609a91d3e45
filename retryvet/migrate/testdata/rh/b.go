package rh

import (
	"crypto/tls"
	"net/http"

	"github.com/hashicorp/go-retryablehttp"
)

type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// The import of crypto/tls is no longer needed.
func Logged(t http.RoundTripper) Doer {
	c := retryablehttp.NewClient()
	c.HTTPClient = &http.Client{Transport: t}
	c.Logger = tls.NewListener
	return c.StandardClient()
}
