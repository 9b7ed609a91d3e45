package retryhttp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/ownport"
	"github.com/callagain/retry/retryhttp"
)

func readAll(resp *http.Response) (string, error) {
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

// A connection that is cut in the middle of a body costs an attempt, not the call.
func TestFetchRetriesACutBody(t *testing.T) {
	for name, cut := range map[string]string{
		"length":  "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"a\":",
		"chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc\r\n{\"a\":",
		"close":   "HTTP/1.0 200 OK\r\n\r\n{\"a\":", // where only the decoder can tell
	} {
		t.Run(name, func(t *testing.T) {
			var conns atomic.Int32
			whole := "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{\"a\": 1}"
			addr := raw(t, func(c net.Conn) {
				io.ReadAtLeast(c, make([]byte, 1<<10), 10)
				if conns.Add(1) < 3 {
					io.WriteString(c, cut)
				} else {
					io.WriteString(c, whole)
				}
				c.(*net.TCPConn).CloseWrite()
				io.Copy(io.Discard, c)
			})
			client := &http.Client{Transport: transport(t, three)}
			got, err := retryhttp.Fetch(client, request(t, "GET", "http://"+addr, nil), retryhttp.JSON[map[string]int])
			if err != nil || got["a"] != 1 || conns.Load() != 3 {
				t.Errorf("Fetch = %v, %v after %d requests", got, err, conns.Load())
			}
		})
	}
}

// Beneath a Fetch its client's Transport makes one attempt for each, however deep it sits; and without one, Fetch does as the zero Transport.
func TestFetchDoesNotMultiply(t *testing.T) {
	for name, row := range map[string]struct {
		rt   http.RoundTripper
		want int
	}{
		"transport": {transport(t, three), 3},
		"wrapped":   {through{transport(t, three)}, 4},
		"none":      {&http.Transport{DisableKeepAlives: true}, 4},
	} {
		s := serve(t, 503)
		ctx := t.Context()
		if row.want == 4 {
			ctx = retryhttp.WithPolicy(ctx, retry.Policy{Backoff: retry.List{0, 0, 0, 0}})
		}
		_, err := retryhttp.Fetch(&http.Client{Transport: row.rt}, request(t, "GET", s.URL, nil).WithContext(ctx), readAll)
		var gaveUp *retry.Error
		if !errors.As(err, &gaveUp) || gaveUp.Attempts != row.want || len(s.received()) != row.want {
			t.Errorf("%s: %d requests, %v", name, len(s.received()), err)
		}
	}
}

// The failure of a function says what was asked and what was answered, and no secrets.
func TestFetchErrors(t *testing.T) {
	const secret = "hunter2"
	s := serve(t, 404)
	s.header.Set("X-Reason", "gone")
	client := &http.Client{Transport: transport(t, three)}
	target := strings.Replace(s.URL, "://", "://user:"+secret+"@", 1) + "/a%20b?key=" + secret
	_, err := retryhttp.Fetch(client, request(t, "GET", target, nil), readAll)
	e, ok := err.(*retryhttp.StatusError)
	if !ok {
		t.Fatalf("the error is a %T, %v", err, err)
	}
	if want := "GET " + strings.TrimPrefix(s.URL, "http://") + "/a%20b: 404 Not Found"; e.Error() != want {
		t.Errorf("the error is %q, want %q", e, want)
	}
	if e.StatusCode != 404 || string(e.Body) != "answer 1" || e.Header.Get("X-Reason") != "gone" {
		t.Errorf("the error has %+v", *e)
	}
	if strings.Contains(e.Method+e.Host+e.Path, secret) {
		t.Errorf("the error %+v has the secret", *e)
	}

	target = "http://user:" + secret + "@" + ownport.Closed(t) + "/?key=" + secret
	for _, p := range []retry.Policy{three, {Backoff: retry.List{0}}, {RetryIf: retryhttp.Status(503)}} {
		_, err = retryhttp.Fetch(&http.Client{Transport: transport(t, p)}, request(t, "GET", target, nil), readAll)
		if err == nil || strings.Contains(err.Error(), secret) || !strings.Contains(err.Error(), "refused") {
			t.Errorf("the error is %v", err)
		}
		var ue *url.Error
		if !errors.As(err, &ue) || strings.Contains(ue.URL, secret) {
			t.Errorf("the error in it is %v", ue)
		}
	}
}

// A long error page is read in part only.
func TestFetchBoundsTheBodyOfAnError(t *testing.T) {
	u := handling(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(404)
		io.WriteString(w, strings.Repeat("x", 1<<20))
	})
	_, err := retryhttp.Fetch(nil, request(t, "GET", u, nil), readAll)
	var e *retryhttp.StatusError
	if !errors.As(err, &e) || len(e.Body) != 4<<10 {
		t.Errorf("the error %v has %d bytes of the body", err, len(e.Body))
	}
}

// What decode says counts as any failure does.
func TestFetchDecodeFails(t *testing.T) {
	wrong := errors.New("not this one")
	for _, row := range []struct {
		name, method string
		err          error
		want         int
	}{
		{"transient", "GET", wrong, 3},
		{"stopped", "GET", retry.Stop(wrong), 1},
		{"not_idempotent", "POST", wrong, 1},
		{"not_idempotent_and_never_sent_elsewhere", "POST", &net.OpError{Op: "dial", Err: wrong}, 1},
	} {
		wantConnections(t, 1, []int{200}, func(t *testing.T, s *service, m *memory) {
			client := &http.Client{Transport: m.transport(three)}
			v, err := retryhttp.Fetch(client, request(t, row.method, m.URL, nil), func(resp *http.Response) (int, error) {
				return 7, row.err
			})
			if v != 7 || !errors.Is(err, wrong) || len(s.received()) != row.want {
				t.Errorf("%s: Fetch = %v, %v after %d requests, want %d", row.name, v, err, len(s.received()), row.want)
			}
		})
	}
}

// An error of any type at all can be returned.
func TestFetchErrorThatCannotBeCompared(t *testing.T) {
	for method, want := range map[string]int{"GET": 3, "POST": 1} {
		s := serve(t, 200)
		_, err := retryhttp.Fetch(&http.Client{Transport: transport(t, three)}, request(t, method, s.URL, nil),
			func(*http.Response) (int, error) { return 0, many{io.EOF} })
		if _, ok := errors.AsType[many](err); !ok || len(s.received()) != want {
			t.Errorf("%s: %d requests, %v", method, len(s.received()), err)
		}
	}
}

type many []error

func (m many) Error() string { return "many errors" }

// A POST that was answered by a redirect was received, even if nobody is where that leads.
func TestFetchOfARedirectedPost(t *testing.T) {
	var posts atomic.Int32
	elsewhere := "http://" + ownport.Closed(t)
	u := handling(t, func(w http.ResponseWriter, r *http.Request) {
		posts.Add(1)
		http.Redirect(w, r, elsewhere, http.StatusSeeOther)
	})
	client := &http.Client{Transport: transport(t, three)}
	_, err := retryhttp.Fetch(client, request(t, "POST", u, strings.NewReader("body")), readAll)
	if n := posts.Load(); n != 1 || err == nil {
		t.Errorf("the POST was sent %d times (%v)", n, err)
	}
	// And as many redirects as with the client itself.
	loop := handling(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) })
	if _, err := retryhttp.Fetch(client, request(t, "GET", loop, nil), readAll); retryhttp.Classify(err) != retryhttp.Permanent {
		t.Errorf("a loop of redirects ends in %v", err)
	}
	stop := errors.New("no redirects here")
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return stop }
	if _, err := retryhttp.Fetch(client, request(t, "POST", u, nil), readAll); !errors.Is(err, stop) {
		t.Errorf("the client's CheckRedirect was not asked: %v", err)
	}
}

// The cookies of one attempt aren't added to those of the next, nor to the caller's request.
func TestFetchWithCookies(t *testing.T) {
	s := serve(t, 503)
	jar, _ := cookiejar.New(nil)
	u, _ := url.Parse(s.URL)
	jar.SetCookies(u, []*http.Cookie{{Name: "a", Value: "b"}})
	req := request(t, "GET", s.URL, nil)
	retryhttp.Fetch(&http.Client{Transport: transport(t, three), Jar: jar}, req, readAll)
	for _, r := range s.received() {
		if c := r.header.Values("Cookie"); len(c) != 1 || c[0] != "a=b" {
			t.Errorf("the cookies are %q", c)
		}
	}
	if len(req.Header) != 0 {
		t.Errorf("the caller's request has %v", req.Header)
	}
}

// An attempt's limit of time includes the body.
func TestFetchTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var requests atomic.Int32
		m := inMemory(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "whole")
			if requests.Add(1) == 1 {
				w.(http.Flusher).Flush()
				<-r.Context().Done()
			}
		}))
		began := time.Now()
		p := retry.Policy{Timeout: 300 * time.Millisecond, Backoff: retry.List{0, 0}}
		got, err := retryhttp.Fetch(&http.Client{Transport: m.transport(p)}, request(t, "GET", m.URL, nil), readAll)
		if took := time.Since(began); got != "whole" || err != nil || took != 300*time.Millisecond {
			t.Errorf("Fetch = %q, %v after %v", got, err, took)
		}
	})
}

// A Fetch that makes no attempt closes the body, too; and decode's panic closes the answer.
func TestFetchCleansUp(t *testing.T) {
	var open atomic.Int64
	open.Add(1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req := request(t, "PUT", "http://service.example", &tally{ReadCloser: io.NopCloser(strings.NewReader("body")), open: &open})
	if _, err := retryhttp.Fetch(nil, req.WithContext(ctx), readAll); !errors.Is(err, context.Canceled) || open.Load() != 0 {
		t.Errorf("%d bodies are open (%v)", open.Load(), err)
	}
	closed := false
	tr := transport(t, three)
	tr.Base = watching{tr.Base, &closed}
	func() {
		defer func() { recover() }()
		retryhttp.Fetch(&http.Client{Transport: tr}, request(t, "GET", serve(t, 200).URL, nil), func(*http.Response) (int, error) { panic("!") })
	}()
	if !closed {
		t.Error("the answer was left open")
	}
}
