package peers

import (
	"net/http"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

var callagainHTTP = HTTPLibrary{
	Name:   Ours,
	Module: "github.com/callagain/retry",
	Client: func(p HTTPPlan, base http.RoundTripper) *http.Client {
		policy := callagainPolicy(Plan{Attempts: p.Attempts, Delay: p.Delay, Jitter: p.Jitter})
		transport := &retryhttp.Transport{Base: base, Policy: policy}
		if p.NoBudget {
			transport.Budget = func(string) *retry.Budget { return nil }
		}
		return &http.Client{Transport: transport}
	},
}
