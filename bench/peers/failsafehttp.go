package peers

import (
	"net/http"

	"github.com/failsafe-go/failsafe-go/failsafehttp"
)

var failsafeHTTP = HTTPLibrary{
	Name:   "failsafehttp",
	Module: "github.com/failsafe-go/failsafe-go",
	Client: func(p HTTPPlan, base http.RoundTripper) *http.Client {
		b := failsafehttp.NewRetryPolicyBuilder().ReturnLastFailure()
		if p.Attempts > 0 {
			b.WithMaxAttempts(p.Attempts)
		}
		b.WithDelay(p.Delay)
		if p.Jitter {
			b.WithJitterFactor(.5)
		}
		return &http.Client{Transport: failsafehttp.NewRoundTripper(base, b.Build())}
	},
}
