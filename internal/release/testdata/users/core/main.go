// Core is a program of somebody who uses what needs nothing but the standard library.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrydebug"
	"github.com/callagain/retry/retryhttp"
	"github.com/callagain/retry/retrysim"
	"github.com/callagain/retry/retrysql"
)

func main() {
	attempts := 0
	err := retry.Do(context.Background(), retry.Policy{Backoff: retry.Constant(0)}, func(context.Context) error {
		if attempts++; attempts < 3 {
			return errors.New("not yet")
		}
		return nil
	})
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests++; requests < 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	resp, httpErr := retryhttp.NewClient(retry.Policy{}).Get(server.URL)
	fmt.Println(attempts, err, requests, resp.StatusCode, httpErr)

	_, _, _ = retrydebug.New, retrysim.Run, retrysql.Transient
}
