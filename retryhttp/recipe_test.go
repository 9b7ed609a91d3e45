package retryhttp_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

// A download that is cut goes on where it was.
func ExampleDownload() {
	cut := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"v1"`)
		if cut {
			cut = false
			w.Header().Set("Content-Length", "10")
			io.WriteString(w, "01234")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
		fmt.Println(r.Header.Get("Range"))
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader("0123456789"))
	}))
	server.Config.ErrorLog = quiet
	defer server.Close()

	file, err := os.CreateTemp("", "download")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.Remove(file.Name())
	defer file.Close()
	req, _ := http.NewRequest("GET", server.URL, nil)
	n, err := retryhttp.Download(retryhttp.NewClient(retry.Policy{}), req, file)
	fmt.Println(n, err)
	// Output:
	// bytes=5-
	// 10 <nil>
}

// An API of which an answer may be large, but not larger than 1 MiB.
func ExampleJSONUpTo() {
	api := flaky(200)
	defer api.Close()

	type answer struct{ Status int }
	req, _ := http.NewRequest("GET", api.URL, nil)
	got, err := retryhttp.Fetch(nil, req, retryhttp.JSONUpTo[answer](1<<20))
	fmt.Println(got.Status, err)
	// Output: 200 <nil>
}

// A job has a key, which all attempts send; those that another process makes later as well.
func ExampleWithKey() {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.Header.Get("Idempotency-Key"))
	}))
	defer api.Close()

	client := retryhttp.NewClient(retry.Policy{})
	ctx := retryhttp.WithKey(context.Background(), "job-4711")
	req, _ := http.NewRequestWithContext(ctx, "POST", api.URL, strings.NewReader("an order"))
	resp, err := client.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	// Output: POST job-4711
}

// What a debug page may show.
func ExampleTransport_Budgets() {
	api := flaky(503, 200)
	defer api.Close()

	transport := new(retryhttp.Transport)
	client := &http.Client{Transport: transport}
	resp, err := client.Get(api.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	for host, budget := range transport.Budgets() {
		fmt.Println("http://"+host == api.URL, budget.Granted())
	}
	// Output: true 1
}

// Some services say in the body when to come back: here as Google's APIs do. With Fetch it is in the StatusError.
func ExampleFetch_bodyHint() {
	n := 0
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n++; n == 1 {
			w.WriteHeader(http.StatusTooManyRequests)
			io.WriteString(w, `{"error": {"details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.05s"}]}}`)
		}
	}))
	defer api.Close()

	client := retryhttp.NewClient(retry.Policy{
		Backoff: retry.Constant(0),
		Decide: func(d *retry.Decision) {
			var said struct {
				Error struct {
					Details []struct{ RetryDelay string }
				}
			}
			status, ok := errors.AsType[*retryhttp.StatusError](d.Err)
			if !ok || json.Unmarshal(status.Body, &said) != nil {
				return
			}
			for _, detail := range said.Error.Details {
				if delay, err := time.ParseDuration(detail.RetryDelay); err == nil {
					d.Delay = max(d.Delay, delay)
				}
			}
		},
		Observe: func(_ context.Context, e retry.Event) { fmt.Println(e.Outcome(), e.Delay) },
	})
	req, _ := http.NewRequest("GET", api.URL, nil)
	_, err := retryhttp.Fetch(client, req, func(*http.Response) (int, error) { return 0, nil })
	fmt.Println(err)
	// Output:
	// retrying 50ms
	// succeeded 0s
	// <nil>
}

// A reverse proxy whose requests are sent again where that is safe. Requests whose bodies aren't longer than 64 KiB can be
// sent again whatever was read of them.
func ExampleTransport_reverseProxy() {
	backend := flaky(503, 200)
	defer backend.Close()
	target, _ := url.Parse(backend.URL)

	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: &retryhttp.Transport{Policy: retry.Policy{Within: 10 * time.Second}, BufferBody: 64 << 10},
	}
	front := httptest.NewServer(proxy)
	defer front.Close()

	req, _ := http.NewRequest("PUT", front.URL, strings.NewReader("something"))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	fmt.Println(resp.Status)
	// Output: 200 OK
}

// A stream of server-sent events (HTML, section 9.2) that goes on after the last event that came. Each event is progress, so that a
// policy of a few attempts keeps the stream up for good. What the server says of the time until then is a hint.
func ExampleCheck_events() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		last, _ := strconv.Atoi(r.Header.Get("Last-Event-ID"))
		w.Header().Set("Content-Type", "text/event-stream")
		if last == 4 {
			w.WriteHeader(http.StatusNoContent) // nothing more will come
			return
		}
		fmt.Fprintf(w, "retry: 10\nid: %d\ndata: event %d\n\nid: %d\ndata: event %d\n\n", last+1, last+1, last+2, last+2)
	}))
	defer server.Close()

	last, wait := "", time.Duration(0)
	handle := func(data string) { fmt.Println(data) }
	receive := func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
		if err != nil {
			return retry.Stop(err)
		}
		req.Header.Set("Accept", "text/event-stream")
		if last != "" {
			req.Header.Set("Last-Event-ID", last)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		if err := retryhttp.Check(resp); err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode == http.StatusNoContent {
			return nil
		}
		came := false
		id, data := last, ""
		lines := bufio.NewScanner(resp.Body)
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ":")
			value = strings.TrimPrefix(value, " ")
			switch name {
			case "id":
				id = value
			case "data":
				data += value + "\n"
			case "retry":
				if ms, err := strconv.Atoi(value); err == nil {
					wait = time.Duration(ms) * time.Millisecond
				}
			case "": // the end of an event
				if data != "" {
					handle(strings.TrimSuffix(data, "\n"))
				}
				last, data, came = id, "", true
			}
		}
		err = retry.After(errors.Join(errors.New("the stream ended"), lines.Err()), wait)
		if came {
			err = retry.Progress(err)
		}
		return err
	}
	policy := retry.Policy{RetryIf: retryhttp.Transient, Backoff: retry.Exponential{Initial: time.Millisecond}}
	fmt.Println(retry.Do(context.Background(), policy, receive))
	// Output:
	// event 1
	// event 2
	// event 3
	// event 4
	// <nil>
}
