package retryhttp_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

// flaky starts a server that answers with each of the statuses in turn, and with the last one from then on.
func flaky(statuses ...int) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := statuses[0]
		if len(statuses) > 1 {
			statuses = statuses[1:]
		}
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"status": %d}`, status)
	}))
}

func ExampleNewClient() {
	api := flaky(503, 502, 200)
	defer api.Close()

	client := retryhttp.NewClient(retry.Policy{Timeout: 10 * time.Second})
	resp, err := client.Get(api.URL)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
	// Output: 200 OK
}

// A POST is sent again if it has a key by which the server knows it.
func ExampleTransport() {
	api := flaky(503, 200)
	defer api.Close()

	client := &http.Client{Transport: &retryhttp.Transport{
		Base:        http.DefaultTransport,
		Policy:      retry.Policy{Within: 30 * time.Second},
		NewKey:      rand.Text,
		SendAttempt: true,
	}}
	resp, err := client.Post(api.URL, "text/plain", strings.NewReader("an order"))
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
	// Output: 200 OK
}

// When the attempts run out on an answer, that is the result, as it would be without retrying.
func ExampleTransport_lastAnswer() {
	api := flaky(503)
	defer api.Close()

	client := retryhttp.NewClient(retry.Policy{Backoff: retry.List{0, 0, 0}})
	resp, err := client.Get(api.URL)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.Status, string(body))
	// Output: 503 Service Unavailable {"status": 503}
}

func ExampleTransport_RoundTrip() {
	api := flaky(503, 200)
	defer api.Close()

	var t retryhttp.Transport
	req, _ := http.NewRequest("GET", api.URL, nil)
	resp, err := t.RoundTrip(req)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
	// Output: 200 OK
}

func ExampleTransport_CloseIdleConnections() {
	client := retryhttp.NewClient(retry.Policy{})
	client.CloseIdleConnections() // closes those of http.DefaultTransport
	// Output:
}

func ExampleWithPolicy() {
	api := flaky(503, 200)
	defer api.Close()
	client := retryhttp.NewClient(retry.Policy{})

	once := retryhttp.WithPolicy(context.Background(), retry.Policy{Backoff: retry.List{0}})
	req, _ := http.NewRequestWithContext(once, "GET", api.URL, nil)
	resp, err := client.Do(req)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
	// Output: 503 Service Unavailable
}

func ExampleWithIdempotent() {
	api := flaky(503, 200)
	defer api.Close()
	client := retryhttp.NewClient(retry.Policy{})

	// A search is a POST here, but harms nobody twice.
	ctx := retryhttp.WithIdempotent(context.Background())
	req, _ := http.NewRequestWithContext(ctx, "POST", api.URL, strings.NewReader("query"))
	resp, err := client.Do(req)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
	// Output: 200 OK
}

func ExampleFetch() {
	api := flaky(500, 200)
	defer api.Close()

	req, _ := http.NewRequest("GET", api.URL, nil)
	length, err := retryhttp.Fetch(nil, req, func(resp *http.Response) (int, error) {
		body, err := io.ReadAll(resp.Body)
		return len(body), err
	})
	fmt.Println(length, err)
	// Output: 15 <nil>
}

func ExampleJSON() {
	api := flaky(500, 200)
	defer api.Close()

	type answer struct{ Status int }
	client := retryhttp.NewClient(retry.Policy{})
	req, _ := http.NewRequest("GET", api.URL, nil)
	got, err := retryhttp.Fetch(client, req, retryhttp.JSON[answer])
	fmt.Println(got.Status, err)
	// Output: 200 <nil>
}

func ExampleStatusError() {
	api := flaky(404)
	defer api.Close()

	req, _ := http.NewRequest("GET", api.URL, nil)
	_, err := retryhttp.Fetch(nil, req, retryhttp.JSON[any])
	if e, ok := errors.AsType[*retryhttp.StatusError](err); ok {
		fmt.Printf("%d %s\n", e.StatusCode, e.Body)
	}
	// Output: 404 {"status": 404}
}

func ExampleStatusError_Error() {
	err := &retryhttp.StatusError{Method: "GET", Host: "example.com", Path: "/items", StatusCode: 503}
	fmt.Println(err)
	// Output: GET example.com/items: 503 Service Unavailable
}

func ExampleCheck() {
	api := flaky(503, 200)
	defer api.Close()

	policy := retry.Policy{RetryIf: retryhttp.Transient}
	err := retry.Do(context.Background(), policy, func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, "GET", api.URL, nil)
		if err != nil {
			return retry.Stop(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		if err := retryhttp.Check(resp); err != nil {
			return err
		}
		defer resp.Body.Close()
		fmt.Println(resp.Status)
		return nil
	})
	fmt.Println(err)
	// Output:
	// 200 OK
	// <nil>
}

func ExampleClassify() {
	_, err := http.Get("gopher://example.com")
	fmt.Println(retryhttp.Classify(err))

	_, err = (&http.Client{Transport: &http.Transport{
		Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: "127.0.0.1:0"}), // where nobody listens
	}}).Get("http://example.com")
	fmt.Println(retryhttp.Classify(err))

	fmt.Println(retryhttp.Classify(io.ErrUnexpectedEOF))
	// Output:
	// permanent
	// never sent
	// maybe applied
}

func ExampleClass_String() {
	fmt.Println(retryhttp.NeverSent)
	// Output: never sent
}

func ExampleHint() {
	resp := &http.Response{StatusCode: 503, Header: http.Header{"Retry-After": {"120"}}}
	fmt.Println(retryhttp.Hint(resp))
	// Output: 2m0s true
}

func ExampleTransient() {
	for _, code := range []int{404, 503} {
		fmt.Println(code, retryhttp.Transient(&retryhttp.StatusError{StatusCode: code}))
	}
	// Output:
	// 404 false
	// 503 true
}

func ExampleNetwork() {
	// Failures of the network as by default, but of the statuses only this one.
	unavailable := retryhttp.Status(503)
	retryIf := func(failure error) bool { return retryhttp.Network(failure) || unavailable(failure) }
	fmt.Println(retryIf(io.ErrUnexpectedEOF), retryIf(&retryhttp.StatusError{StatusCode: 502}))
	// Output: true false
}

func ExampleStatus() {
	api := flaky(504, 504, 200)
	defer api.Close()

	client := retryhttp.NewClient(retry.Policy{RetryIf: retryhttp.Status(504)})
	resp, err := client.Get(api.URL)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
	// Output: 200 OK
}

// Exactly one 404 is retried: what was only just created may not be seen yet.
func ExampleStatus_count() {
	api := flaky(404, 503, 404, 200)
	defer api.Close()

	notFound := retryhttp.Status(404)
	client := retryhttp.NewClient(retry.Policy{Decide: func(d *retry.Decision) {
		if notFound(d.Err) {
			d.Retry = d.Count("not found") <= 1
		}
	}})
	resp, err := client.Get(api.URL)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
	// Output: 404 Not Found
}

func ExampleMiddleware() {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n := retry.Attempt(r.Context()); n < 3 {
			fmt.Println("attempt", n)
			retryhttp.RetryLater(w, 0)
		}
	})
	server := httptest.NewServer(retryhttp.Middleware(handler))
	defer server.Close()

	client := &http.Client{Transport: &retryhttp.Transport{SendAttempt: true}}
	resp, err := client.Get(server.URL)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
	// Output:
	// attempt 1
	// attempt 2
	// 200 OK
}

func ExampleRetryLater() {
	w := httptest.NewRecorder()
	retryhttp.RetryLater(w, 1500*time.Millisecond)
	fmt.Println(w.Code, w.Header().Get("Retry-After"))
	// Output: 503 2
}

func ExampleDoNotRetry() {
	w := httptest.NewRecorder()
	retryhttp.DoNotRetry(w)
	fmt.Println(w.Code, w.Header().Get("X-Should-Retry"))
	// Output: 503 false
}
