package retryhttp_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

// A server sees which attempt it serves.
func ExampleTransport_sendAttempt() {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Printf("%s: %q\n", retryhttp.AttemptHeader, r.Header.Get(retryhttp.AttemptHeader))
		if r.Header.Get(retryhttp.AttemptHeader) == "" {
			w.WriteHeader(503)
		}
	}))
	defer api.Close()
	client := &http.Client{Transport: &retryhttp.Transport{SendAttempt: true}}
	resp, err := client.Get(api.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	// Output:
	// Attempt-Number: ""
	// Attempt-Number: "2"
}

// An answer that is too long isn't asked for again.
func ExampleErrTooLarge() {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, `["much", "too", "long"]`) }))
	defer api.Close()
	req, err := http.NewRequest("GET", api.URL, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = retryhttp.Fetch(retryhttp.NewClient(retry.Policy{}), req, retryhttp.JSONUpTo[[]string](10))
	fmt.Println(errors.Is(err, retryhttp.ErrTooLarge))
	// Output: true
}
