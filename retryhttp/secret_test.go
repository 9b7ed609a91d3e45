package retryhttp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

const hidden = "hunter2"

func wantNoSecret(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(text, hidden) {
			t.Errorf("a secret is told: %.200s", text)
		}
	}
}

// URLs that make no sense, made by hand, tell their secrets neither in failures nor in logs, nor in the names of budgets.
func TestOddURLsTellNoSecrets(t *testing.T) {
	for _, u := range []*url.URL{
		{Scheme: "http", Host: "me:" + hidden + "@service.example", Path: "/x"},
		{Scheme: "http", Host: "me:" + hidden + "%40service.example"},
		{Scheme: "http", Host: "service.example?key=" + hidden},
		{Scheme: "http", Host: "service.example#" + hidden},
		{Scheme: "http", Host: "SERVICE.example:80?key=" + hidden},
		{Scheme: "http", Host: "service.example", Path: "/x?key=" + hidden},
		{Scheme: "http", Host: "service.example", Path: "/x#" + hidden, RawPath: "/x#" + hidden},
		{Scheme: "http", Host: "service.example", Path: "/https://me:" + hidden + "@other.example/"},
		{Scheme: "http", Opaque: "//me:" + hidden + "@service.example/x?key=" + hidden},
	} {
		var log bytes.Buffer
		tr := &retryhttp.Transport{Policy: three, Base: always(503, new(int))}
		sink := retry.Log(slog.New(slog.NewJSONHandler(&log, nil)))
		tr.Policy.Observe = func(ctx context.Context, e retry.Event) {
			sink(ctx, e)
			var status *retryhttp.StatusError
			if !errors.As(e.Err, &status) {
				t.Fatalf("the failure is %v", e.Err)
			}
			wantNoSecret(t, e.Err.Error(), fmt.Sprintf("%+v", *status))
		}
		tr.RoundTrip(&http.Request{Method: "GET", URL: u, Header: http.Header{}})
		wantNoSecret(t, log.String())
		for name, budget := range tr.Budgets() {
			wantNoSecret(t, name, budget.Name)
		}
	}

	// Those that do make sense are told as they are.
	for _, host := range []string{"service.example", "Service.example:8080", "127.0.0.1:80", "[::1]:443", "[fe80::1%eth0]:80", "bücher.example", "a_b.example."} {
		resp := &http.Response{StatusCode: 503, Request: &http.Request{URL: &url.URL{Scheme: "http", Host: host, Path: "/a@b/x"}}}
		var status *retryhttp.StatusError
		if err := retryhttp.Check(resp); !errors.As(err, &status) || status.Host != host {
			t.Errorf("the host %s is told as %v", host, err)
		}
	}
}

// What fails beside the request itself may have a URL in its text as well.
func TestErrorsOfBodiesTellNoSecrets(t *testing.T) {
	broken := errors.New(`Get "https://me:` + hidden + `@store.example/x?sig=` + hidden + `": EOF`)
	refuse := roundTripper(func(*http.Request) (*http.Response, error) { return nil, &net.OpError{Op: "dial", Err: io.EOF} })
	again := request(t, "PUT", "http://service.example", strings.NewReader("body"))
	again.GetBody = func() (io.ReadCloser, error) { return nil, broken }
	ahead := request(t, "PUT", "http://service.example", failing{broken})
	tr := &retryhttp.Transport{Policy: three, Base: refuse, BufferBody: 10}
	for _, req := range []*http.Request{again, ahead} {
		_, err := tr.RoundTrip(req)
		_, err2 := retryhttp.Fetch(&http.Client{Transport: tr}, req, readAll)
		for _, err := range []error{err, err2} {
			if !errors.Is(err, broken) {
				t.Errorf("the error is %v", err)
			}
			wantNoSecret(t, err.Error())
		}
	}

	// A text that is cut short is cut where nothing hides what begins before.
	for n := range 200 {
		long := strings.Repeat("x", 900+n) + ` "https://me:a/` + hidden + " " + strings.Repeat("y", 20<<10) + `@store.example/"`
		tr := &retryhttp.Transport{Policy: three, Base: roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New(long) })}
		_, err := tr.RoundTrip(request(t, "POST", "http://service.example", nil))
		wantNoSecret(t, err.Error())
		if len(err.Error()) > 2<<10 {
			t.Errorf("the error has %d bytes", len(err.Error()))
		}
	}
}

// What a server answers may repeat what it was asked.
func TestAnswersTellNoSecrets(t *testing.T) {
	n := 0
	ranges := handling(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"a"`)
		w.Header().Set("Content-Length", "100")
		if n++; n > 1 {
			w.Header().Set("Content-Range", "https://me:"+hidden+"@store.example/?sig="+hidden)
			w.WriteHeader(http.StatusPartialContent)
		}
		io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	seen := 0
	p := three
	p.Observe = func(_ context.Context, e retry.Event) {
		wantNoSecret(t, e.Err.Error())
		if strings.Contains(e.Err.Error(), "Download") {
			seen++
		}
	}
	client := &http.Client{Transport: transport(t, p)}
	if _, err := retryhttp.Download(client, request(t, "GET", ranges, nil), file); err == nil || seen == 0 {
		t.Errorf("the error is %v, %d failures had a range", err, seen)
	}

	for _, location := range []string{
		"https://me:" + hidden + "@127.0.0.1:1/?sig=" + hidden + "#" + hidden,
		"https://me:" + hidden + "@store.example:port/?x",
		"ftp://me:" + hidden + "@store.example/?" + hidden,
		"//me:" + hidden + "@127.0.0.1:1/x?" + hidden,
		"?token=" + hidden,
		"http://me:" + hidden + "%40@store\x7f/",
	} {
		loop := handling(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Location"] = []string{location}
			w.WriteHeader(http.StatusFound)
		})
		for _, p := range []retry.Policy{three, {Attempts: 1}} {
			client := &http.Client{Transport: transport(t, p)}
			for _, method := range []string{"GET", "POST"} {
				_, err := retryhttp.Fetch(client, request(t, method, loop, nil), readAll)
				if err == nil {
					t.Fatalf("no error with Location: %s", location)
				}
				wantNoSecret(t, err.Error(), fmt.Sprintf("%+v", err))
				var e *url.Error
				if errors.As(err, &e) {
					wantNoSecret(t, e.URL, e.Err.Error())
				}
			}
		}
	}
}

// An error of Fetch has no URL's secrets, but still says that it is a timeout where it is one: that the client's Timeout ended the
// attempt, or the policy's.
func TestTimeoutsOfFetchSayThatTheyAre(t *testing.T) {
	addr := raw(t, func(c net.Conn) { io.Copy(io.Discard, c) })
	const short = 20 * time.Millisecond
	for name, client := range map[string]*http.Client{
		"client": {Transport: transport(t, retry.Policy{Attempts: 1}), Timeout: short},
		"policy": {Transport: transport(t, retry.Policy{Attempts: 1, Timeout: short})},
		"plain":  {Transport: transport(t, three).Base, Timeout: short},
	} {
		for _, method := range []string{"GET", "POST"} { // giving up, and not retried at all
			ctx := retryhttp.WithPolicy(t.Context(), retry.Policy{Attempts: 1})
			if name == "policy" {
				ctx = t.Context()
			}
			_, err := retryhttp.Fetch(client, request(t, method, "http://"+addr+"?key="+hidden, nil).WithContext(ctx), readAll)
			var e *url.Error
			var network net.Error
			if !os.IsTimeout(err) || !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &e) || !e.Timeout() || !errors.As(err, &network) || !network.Timeout() {
				t.Errorf("%s: %s: %T isn't a timeout: %v", name, method, err, err)
			}
			wantNoSecret(t, err.Error())
		}
	}
}
