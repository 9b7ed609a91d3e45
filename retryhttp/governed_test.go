package retryhttp_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

// always answers each request with a status.
func always(status int, sent *int) roundTripper {
	return func(r *http.Request) (*http.Response, error) {
		*sent++
		if r.Body != nil {
			io.Copy(io.Discard, r.Body)
			r.Body.Close()
		}
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("x")), Request: r}, nil
	}
}

// A Fetch does the retrying for its own request only: what something else sends with its context, to another service or through
// the same Transport, follows its own policy.
func TestFetchGovernsItsOwnRequestsOnly(t *testing.T) {
	for _, shared := range []bool{false, true} {
		for _, order := range []string{"above", "below"} {
			var tokens, calls int
			auth := &retryhttp.Transport{Policy: three, Base: always(503, &tokens)}
			api := &retryhttp.Transport{Policy: retry.Policy{Backoff: retry.List{0, 0}}, Base: always(503, &calls)}
			if shared {
				api.Base = roundTripper(func(r *http.Request) (*http.Response, error) {
					if r.URL.Host == "auth" {
						return always(503, &tokens)(r)
					}
					return always(503, &calls)(r)
				})
				api.Policy, auth = three, api
			}
			token := func(ctx context.Context) {
				resp, err := (&http.Client{Transport: auth}).Do(request(t, "GET", "http://auth/token", nil).WithContext(ctx))
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
			}
			once := sync.Once{}
			client := &http.Client{Transport: api}
			if order == "above" {
				client.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
					once.Do(func() { token(r.Context()) })
					return api.RoundTrip(r)
				})
			} else {
				base := api.Base
				api.Base = roundTripper(func(r *http.Request) (*http.Response, error) {
					if r.URL.Host == "api" {
						once.Do(func() { token(r.Context()) })
					}
					return base.RoundTrip(r)
				})
			}
			_, err := retryhttp.Fetch(client, request(t, "GET", "http://api/", nil), readAll)
			want := 2
			if shared {
				want = 3
			}
			var e *retry.Error
			if tokens != 3 || calls != want || !errors.As(err, &e) || e.Attempts != want {
				t.Errorf("shared %v, %s: %d requests of 3 for a token, %d calls of %d (%v)", shared, order, tokens, calls, want, err)
			}
		}
	}
}

// However many RoundTrippers are wrapped around a Transport, its policy is the one that counts, with all its fields.
func TestFetchFollowsAWrappedTransport(t *testing.T) {
	wraps := map[string]func(http.RoundTripper) http.RoundTripper{
		"bare":    func(rt http.RoundTripper) http.RoundTripper { return rt },
		"func":    func(rt http.RoundTripper) http.RoundTripper { return roundTripper(rt.RoundTrip) },
		"through": func(rt http.RoundTripper) http.RoundTripper { return through{through{rt}} },
		"goroutine": func(rt http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (resp *http.Response, err error) {
				done := make(chan struct{})
				go func() { defer close(done); resp, err = rt.RoundTrip(r) }()
				<-done
				return resp, err
			})
		},
	}
	for name, wrap := range wraps {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sent := 0
				fetch := func(p retry.Policy, base http.RoundTripper) (time.Duration, error) {
					sent = 0
					p.Name = "mine"
					inner := &retryhttp.Transport{Policy: p, Base: base, Budget: unlimited}
					began := time.Now()
					_, err := retryhttp.Fetch(&http.Client{Transport: wrap(inner)}, request(t, "GET", "http://api/", nil), readAll)
					return time.Since(began), err
				}
				var e *retry.Error
				took, err := fetch(retry.Policy{Backoff: retry.List{time.Second, time.Minute}}, always(503, &sent))
				if !errors.As(err, &e) || sent != 2 || e.Name != "mine" || e.Attempts != 2 || took != 61*time.Second {
					t.Errorf("%d attempts in %v (%v)", sent, took, err)
				}
				_, err = fetch(retry.Policy{Attempts: -2}, always(503, &sent))
				if !errors.Is(err, retry.ErrInvalid) || sent != 0 {
					t.Errorf("with an invalid policy %d attempts (%v)", sent, err)
				}
				hang := roundTripper(func(r *http.Request) (*http.Response, error) {
					sent++
					<-r.Context().Done()
					return nil, context.Cause(r.Context())
				})
				took, err = fetch(retry.Policy{Timeout: time.Second, Backoff: retry.List{0, 0}}, hang)
				if !errors.Is(err, retry.ErrTimeout) || sent != 2 || took != 2*time.Second {
					t.Errorf("with a Timeout %d attempts in %v (%v)", sent, took, err)
				}
				took, err = fetch(retry.Policy{Within: time.Second, Backoff: retry.List{0, 0}}, hang)
				if !errors.Is(err, retry.ErrTooLate) || sent != 1 || took != time.Second {
					t.Errorf("with Within %d attempts in %v (%v)", sent, took, err)
				}
				slow := roundTripper(func(r *http.Request) (*http.Response, error) {
					sent++
					body, w := io.Pipe()
					context.AfterFunc(r.Context(), func() { w.CloseWithError(context.Cause(r.Context())) })
					return &http.Response{StatusCode: 200, Body: body, Request: r}, nil
				})
				took, err = fetch(retry.Policy{Timeout: time.Second, Backoff: retry.List{0, 0}}, slow)
				if !errors.Is(err, retry.ErrTimeout) || sent != 2 || took != 2*time.Second {
					t.Errorf("with a Timeout and a slow body %d attempts in %v (%v)", sent, took, err)
				}
				around := 0
				type key struct{}
				fetch(retry.Policy{Backoff: retry.List{0, 0}, Around: func(ctx context.Context, attempt func(context.Context) error) error {
					around++
					return attempt(context.WithValue(ctx, key{}, around))
				}}, roundTripper(func(r *http.Request) (*http.Response, error) {
					if got := r.Context().Value(key{}); got != sent+1 {
						t.Errorf("attempt %d has Around's value %v", sent+1, got)
					}
					return always(503, &sent)(r)
				}))
				if around != 2 || sent != 2 {
					t.Errorf("Around ran %d times for %d attempts", around, sent)
				}
			})
		})
	}
}

// What changes the URL on the way isn't recognized: then the Transport retries, and Fetch doesn't do so again.
func TestFetchThroughAnotherURL(t *testing.T) {
	sent := 0
	tr := &retryhttp.Transport{Policy: three, Base: always(503, &sent)}
	client := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.URL.Path = "/v1" + r.URL.Path
		return tr.RoundTrip(r)
	})}
	if _, err := retryhttp.Fetch(client, request(t, "GET", "http://api/", nil), readAll); sent != 3 || !retryhttp.Status(503)(err) {
		t.Errorf("%d attempts (%v)", sent, err)
	}
}

// A RoundTripper may give up on an attempt whose goroutine then comes to the Transport late, during another attempt or after the
// Fetch, or send a request twice at the same time: for the race detector to see.
func TestFetchWithRoundTrippersThatDontWait(t *testing.T) {
	for range 20 {
		tr := &retryhttp.Transport{Policy: retry.Policy{Backoff: make(retry.List, 4), Timeout: time.Minute}, Budget: unlimited, NewKey: rand.Text, SendAttempt: true, Base: canned200}
		var late sync.WaitGroup
		n := 0
		client := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if n++; n == 4 {
				return tr.RoundTrip(r)
			}
			for range 2 {
				late.Go(func() {
					for range 20 {
						if resp, err := tr.RoundTrip(r); err == nil {
							resp.Body.Close()
						}
					}
				})
			}
			return nil, &net.OpError{Op: "dial", Err: errors.New("given up")}
		})}
		if _, err := retryhttp.Fetch(client, request(t, "POST", "http://"+strings.ToLower(rand.Text())+".example", nil), readAll); err != nil {
			t.Error(err)
		}
		late.Wait()
	}
}

// A key that was made for a request is sent with each attempt at that, and with no other request, such as what it is redirected to;
// neither is the number of the attempt sent to another server. A Transport by itself and Fetch agree.
func TestKeysAndRedirects(t *testing.T) {
	type seen struct{ key, number string }
	var mu sync.Mutex
	var first, second []seen
	note := func(to *[]seen, r *http.Request) int {
		mu.Lock()
		defer mu.Unlock()
		*to = append(*to, seen{r.Header.Get("Idempotency-Key"), r.Header.Get("Attempt-Number")})
		return len(*to)
	}
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if note(&second, r) == 1 {
			w.WriteHeader(503)
		}
	}))
	defer other.Close()
	for _, code := range []int{307, 308, 303} {
		for name, call := range map[string]func(*http.Client, *http.Request) error{
			"client": func(c *http.Client, r *http.Request) error {
				resp, err := c.Do(r)
				if err == nil {
					resp.Body.Close()
				}
				return err
			},
			"fetch": func(c *http.Client, r *http.Request) error {
				_, err := retryhttp.Fetch(c, r, readAll)
				return err
			},
		} {
			first, second = nil, nil
			url := handling(t, func(w http.ResponseWriter, r *http.Request) {
				if note(&first, r) == 1 {
					w.WriteHeader(503)
					return
				}
				http.Redirect(w, r, other.URL, code)
			})
			tr := transport(t, retry.Policy{Backoff: make(retry.List, 5)})
			tr.NewKey, tr.SendAttempt = rand.Text, true
			if err := call(&http.Client{Transport: tr}, request(t, "POST", url, strings.NewReader("body"))); err != nil {
				t.Fatal(name, code, err)
			}
			for _, s := range first {
				if s.key == "" || s.key != first[0].key {
					t.Errorf("%s, %d: the first server saw %v", name, code, first)
				}
			}
			if first[0].number != "" || first[1].number != "2" {
				t.Errorf("%s, %d: the first server saw %v", name, code, first)
			}
			for i, s := range second {
				if s.key == first[0].key || s.key != second[0].key || (s.key == "") != (code == 303) {
					t.Errorf("%s, %d: the key %v of the first server came to the second: %v", name, code, first[0].key, second)
				}
				if name == "fetch" && s.number != "" || name == "client" && i == 0 && s.number != "" {
					t.Errorf("%s, %d: the number of an attempt came to the second server: %v", name, code, second)
				}
			}
			if len(second) != 2 {
				t.Errorf("%s, %d: %d requests to the second server", name, code, len(second))
			}
		}
	}
}

// The key of a request is its own however often it is redirected, and whatever a RoundTripper above the Transport adds to its query,
// such as the time and a signature.
func TestKeyOfAnAttemptThatDiffers(t *testing.T) {
	const attempts = 300
	n := 0
	keys := map[string]int{}
	tr := &retryhttp.Transport{NewKey: rand.Text, Budget: unlimited, Policy: retry.Policy{Backoff: make(retry.List, attempts)}, Base: roundTripper(func(r *http.Request) (*http.Response, error) {
		resp := &http.Response{StatusCode: 503, Body: http.NoBody, Request: r}
		if r.URL.Path == "/" {
			keys[r.Header.Get("Idempotency-Key")]++
			resp.StatusCode, resp.Header = 307, http.Header{"Location": {fmt.Sprintf("/%d", n)}}
		}
		return resp, nil
	})}
	client := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		n++
		r = r.Clone(r.Context())
		r.URL.RawQuery = fmt.Sprintf("time=%d", n)
		return tr.RoundTrip(r)
	})}
	_, err := retryhttp.Fetch(client, request(t, "POST", "http://service.example/", nil), readAll)
	if len(keys) != 1 || keys[""] != 0 {
		t.Errorf("%d keys of one request (%v)", len(keys), err)
	}
	for _, count := range keys {
		if count != attempts {
			t.Errorf("%d attempts, want %d (%v)", count, attempts, err)
		}
	}
}

// A context's key is sent with each attempt, by a Transport and by Fetch, with one and without; but not over a request's own, nor with
// what changes nothing, nor to another server.
func TestWithKey(t *testing.T) {
	other := serve(t, 200)
	away := handling(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	})
	s := serve(t, 503, 503, 200)
	for name, call := range map[string]func(*http.Request) error{
		"transport": func(r *http.Request) error {
			resp, err := (&http.Client{Transport: transport(t, three)}).Do(r)
			if err == nil {
				resp.Body.Close()
			}
			return err
		},
		"fetch": func(r *http.Request) error {
			_, err := retryhttp.Fetch(&http.Client{Transport: transport(t, three)}, r, readAll)
			return err
		},
		"fetch_wrapped": func(r *http.Request) error {
			_, err := retryhttp.Fetch(&http.Client{Transport: through{transport(t, three)}}, r, readAll)
			return err
		},
		"fetch_without_transport": func(r *http.Request) error {
			_, err := retryhttp.Fetch(http.DefaultClient, r.WithContext(retryhttp.WithPolicy(r.Context(), retry.Policy{Backoff: make(retry.List, 3), Budget: new(retry.Budget)})), readAll)
			return err
		},
	} {
		ctx := retryhttp.WithKey(t.Context(), "my-key")
		for _, row := range []struct {
			method, own, want string
			requests          int
		}{
			{"POST", "", "my-key", 3},
			{"PATCH", "", "my-key", 3},
			{"PUT", "", "my-key", 3},
			{"POST", "own", "own", 3},
			{"GET", "", "", 3},
		} {
			s.forget()
			req := request(t, row.method, s.URL, strings.NewReader("body")).WithContext(ctx)
			if row.own != "" {
				req.Header.Set("Idempotency-Key", row.own)
			}
			if err := call(req); err != nil {
				t.Errorf("%s: %s: %v", name, row.method, err)
			}
			got := s.received()
			if len(got) != row.requests {
				t.Errorf("%s: %s: %d requests", name, row.method, len(got))
			}
			for _, r := range got {
				if key := r.header.Get("Idempotency-Key"); key != row.want {
					t.Errorf("%s: %s has the key %q, want %q", name, row.method, key, row.want)
				}
			}
		}
		other.forget()
		if err := call(request(t, "POST", away, strings.NewReader("body")).WithContext(ctx)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, r := range other.received() {
			if key := r.header.Get("Idempotency-Key"); key != "" {
				t.Errorf("%s: another server was sent the key %q", name, key)
			}
		}
	}
}

// The cookies of an answer that is retried are stored, and sent by the next attempt, where the Transport knows the Jar.
func TestCookiesOfAFailedAttempt(t *testing.T) {
	for name, client := range map[string]func() *http.Client{
		"new_client": func() *http.Client { return retryhttp.NewClient(three) },
		"transport": func() *http.Client {
			return &http.Client{Transport: &retryhttp.Transport{Policy: three}}
		},
		"wrapped": func() *http.Client {
			return &http.Client{Transport: &retryhttp.Transport{Policy: three}}
		},
	} {
		for kind, call := range map[string]func(*http.Client, *http.Request) error{
			"do": func(c *http.Client, r *http.Request) error {
				resp, err := c.Do(r)
				if err == nil {
					resp.Body.Close()
				}
				return err
			},
			"fetch": func(c *http.Client, r *http.Request) error {
				_, err := retryhttp.Fetch(c, r, readAll)
				return err
			},
		} {
			var got []string
			n := 0
			url := handling(t, func(w http.ResponseWriter, r *http.Request) {
				n++
				got = append(got, r.Header.Get("Cookie"))
				switch n {
				case 1:
					http.SetCookie(w, &http.Cookie{Name: "node", Value: "b", Path: "/"})
					http.SetCookie(w, &http.Cookie{Name: "old", MaxAge: -1, Path: "/"})
					http.SetCookie(w, &http.Cookie{Name: "elsewhere", Value: "x", Path: "/elsewhere"})
					w.WriteHeader(503)
				case 2:
					http.SetCookie(w, &http.Cookie{Name: "node", Value: "c", Path: "/"})
					w.WriteHeader(503)
				}
			})
			jar, _ := cookiejar.New(nil)
			c := client()
			c.Jar = jar
			if tr, ok := c.Transport.(*retryhttp.Transport); ok && name != "new_client" {
				tr.Jar = jar
				if name == "wrapped" {
					c.Transport = through{tr}
				}
			}
			req := request(t, "GET", url, nil)
			jar.SetCookies(req.URL, []*http.Cookie{{Name: "old", Value: "1"}, {Name: "kept", Value: "2"}})
			req.AddCookie(&http.Cookie{Name: "own", Value: "3"})
			if err := call(c, req); err != nil {
				t.Fatal(err)
			}
			want := []map[string]bool{
				{"own=3": true, "old=1": true, "kept=2": true},
				{"own=3": true, "kept=2": true, "node=b": true},
				{"own=3": true, "kept=2": true, "node=c": true},
			}
			for i, line := range got {
				cookies := strings.Split(line, "; ")
				for _, cookie := range cookies {
					if !want[i][cookie] || len(cookies) != len(want[i]) {
						t.Errorf("%s, %s: attempt %d had the cookies %q", name, kind, i+1, line)
					}
				}
			}
			if stored := jar.Cookies(req.URL); len(got) != 3 || len(stored) != 2 {
				t.Errorf("%s, %s: %d attempts, stored %v", name, kind, len(got), stored)
			}
			if line := req.Header.Get("Cookie"); kind == "fetch" && line != "own=3" { // a client does change it
				t.Errorf("%s, %s: the caller's request has the cookies %q", name, kind, line)
			}
		}
	}
}

// Where no Jar is known, cookies of answers that are retried are nobody's.
func TestCookiesWithoutAJar(t *testing.T) {
	s := serve(t, 503, 200)
	s.header.Set("Set-Cookie", "a=b")
	resp, err := retryhttp.NewClient(three).Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	for _, r := range s.received() {
		if c := r.header.Get("Cookie"); c != "" {
			t.Errorf("the cookies are %q", c)
		}
	}
}
