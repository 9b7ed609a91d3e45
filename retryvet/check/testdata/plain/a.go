// Package plain uses package retry, but makes no call.
package plain

import (
	"net/http"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

var policy = retry.Policy{Attempts: 3}

var client = &http.Client{Transport: &retryhttp.Transport{Policy: policy}}

func fetch(url string) (*http.Response, error) { return client.Get(url) }
