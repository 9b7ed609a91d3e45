// Twitter calls an API that fails the way Twitter's documentation said it would in 2009: with a 500, 502 or 503
// now and then, and with a 404 for what was only just created, which is worth one more attempt but
// not two. Pictures were kept in S3, which said 504 when it was busy.
//
// The API is played by a server in this program, over a real connection. Run it with
//
//	go run ./examples/twitter
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

// The two failure testers of the note in which this library began, as policies. The first keeps a count: one 404 is retried, and
// a second one isn't.
var (
	twitter = retry.Policy{
		Attempts: 10,
		RetryIf:  retryhttp.Status(404, 500, 502, 503),
		Decide: func(d *retry.Decision) {
			if notFound(d.Err) && d.Count("404") > 1 {
				d.Retry = false
			}
		},
	}
	s3 = retry.Policy{Attempts: 10, RetryIf: retryhttp.Status(504)}

	notFound = retryhttp.Status(404)
)

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run makes three calls, and tells of each attempt as it happens.
func run(w io.Writer) error {
	api := httptest.NewServer(unreliable(map[string][]int{
		"/users/terrycojones": {503, 404, 500, 502},
		"/users/nobody":       {404, 503, 404, 404},
		"/pictures/1.png":     {504, 504},
	}))
	defer api.Close()

	budget := &retry.Budget{Min: 10} // the server fails more than any real one
	for _, call := range []struct {
		path   string
		policy retry.Policy
	}{
		{"/users/terrycojones", twitter},
		{"/users/nobody", twitter},
		{"/pictures/1.png", s3},
	} {
		fmt.Fprintln(w, "GET", call.path)
		policy := call.policy
		policy.Observe = func(_ context.Context, e retry.Event) { tell(w, e) }
		policy.Budget = budget
		client := retryhttp.NewClient(policy)
		resp, err := client.Get(api.URL + call.path)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "  the result: %s: %s\n", resp.Status, body)
	}
	return nil
}

// tell prints what an attempt came to.
func tell(w io.Writer, e retry.Event) {
	if !e.Retry {
		fmt.Fprintf(w, "  attempt %d is the last\n", e.Attempt)
		return
	}
	what := e.Err.Error()
	if status, ok := errors.AsType[*retryhttp.StatusError](e.Err); ok {
		what = http.StatusText(status.StatusCode)
	}
	fmt.Fprintf(w, "  attempt %d: %s, again in %v\n", e.Attempt, what, e.Delay.Round(time.Millisecond))
}

// unreliable answers the first requests for a path with these statuses.
func unreliable(failures map[string][]int) http.Handler {
	var mu sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if left := failures[r.URL.Path]; len(left) > 0 {
			failures[r.URL.Path] = left[1:]
			w.WriteHeader(left[0])
			io.WriteString(w, "try again")
			return
		}
		io.WriteString(w, "here you are")
	})
}
