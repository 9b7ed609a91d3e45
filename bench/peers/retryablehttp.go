package peers

import (
	"io"
	"log"
	"net/http"

	"github.com/hashicorp/go-retryablehttp"
)

var retryableHTTP = HTTPLibrary{
	Name:   "go-retryablehttp",
	Module: "github.com/hashicorp/go-retryablehttp",
	Client: func(p HTTPPlan, base http.RoundTripper) *http.Client {
		return RetryableHTTP(p, base).StandardClient()
	},
	DefaultLog: func(w io.Writer, base http.RoundTripper, url string) {
		c := retryablehttp.NewClient()
		c.HTTPClient.Transport = base
		c.RetryWaitMin = 0
		if logger, ok := c.Logger.(*log.Logger); ok {
			defer logger.SetOutput(logger.Writer())
			logger.SetOutput(w)
		}
		if resp, err := c.Get(url); err == nil {
			resp.Body.Close()
		}
	},
}

// RetryableHTTP returns the library's own client, with its log turned off.
func RetryableHTTP(p HTTPPlan, base http.RoundTripper) *retryablehttp.Client {
	c := retryablehttp.NewClient()
	c.HTTPClient = &http.Client{Transport: base}
	c.Logger = nil
	if p.Attempts > 0 {
		c.RetryMax = p.Attempts - 1
	}
	c.RetryWaitMin, c.RetryWaitMax = p.Delay, p.Delay
	if p.Jitter {
		c.Backoff = retryablehttp.RateLimitLinearJitterBackoff
	}
	return c
}
