package peers

import (
	"net/http"

	"github.com/PuerkitoBio/rehttp"
)

var reHTTP = HTTPLibrary{
	Name:   "rehttp",
	Module: "github.com/PuerkitoBio/rehttp",
	Client: func(p HTTPPlan, base http.RoundTripper) *http.Client {
		again := rehttp.RetryAny(rehttp.RetryTemporaryErr(), rehttp.RetryStatuses(429, 502, 503, 504))
		retries := 3 // there is no default
		if p.Attempts > 0 {
			retries = p.Attempts - 1
		}
		delay := rehttp.ConstDelay(p.Delay)
		if p.Jitter && p.Delay > 0 {
			delay = rehttp.ExpJitterDelay(p.Delay, p.Delay)
		}
		return &http.Client{Transport: rehttp.NewTransport(base, rehttp.RetryAll(rehttp.RetryMaxRetries(retries), again), delay)}
	},
}
