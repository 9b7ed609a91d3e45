package retryhttp_test

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

// A service is a real server that answers its n-th request with the n-th of its statuses, and all further ones with
// the last. 0 resets the connection instead. Each answer's body is "answer n".
type service struct {
	*httptest.Server
	statuses []int
	header   http.Header // of each answer that is a failure

	mu       sync.Mutex
	requests []received
}

type received struct {
	method, path, body string
	header             http.Header
}

func serve(t *testing.T, statuses ...int) *service {
	s := &service{statuses: statuses, header: http.Header{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.requests = append(s.requests, received{r.Method, r.URL.Path, string(body), r.Header.Clone()})
	n := len(s.requests)
	s.mu.Unlock()
	status := s.statuses[min(n, len(s.statuses))-1]
	if status == 0 {
		c, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			c.(*net.TCPConn).SetLinger(0)
			c.Close()
		}
		return
	}
	if status >= 400 {
		for k, v := range s.header {
			w.Header()[k] = v
		}
	}
	w.WriteHeader(status)
	fmt.Fprintf(w, "answer %d", n)
}

func (s *service) received() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]received(nil), s.requests...)
}

// forget makes the next request the first.
func (s *service) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

// wantConnections checks how many connections f uses. It is in a bubble, since net/http gives up a connection if its goroutine that writes gets
// no turn for 50 ms, which happens on a busy machine.
func wantConnections(t *testing.T, want int, statuses []int, f func(*testing.T, *service, *memory)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &service{statuses: statuses, header: http.Header{}}
		m := inMemory(t, s)
		f(t, s, m)
		if got := m.dials.Load(); int(got) != want {
			t.Errorf("%d connections were used, want %d", got, want)
		}
	})
}

// unlimited is a Transport's Budget that sets no limit.
func unlimited(string) *retry.Budget { return nil }

// A roundTripper is a function as a Base.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// three is a policy of three attempts without delay.
var three = retry.Policy{Backoff: retry.List{0, 0, 0}}

// transport returns a Transport over a connection pool of its own.
func transport(t *testing.T, p retry.Policy) *retryhttp.Transport {
	base := &http.Transport{}
	t.Cleanup(base.CloseIdleConnections)
	return &retryhttp.Transport{Base: base, Policy: p}
}

func request(t *testing.T, method, url string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// text reads the body of a response and closes it.
func text(t *testing.T, resp *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	resp.Body.Close()
	return string(b)
}

// soon waits until what must come about has done so, and gives up after a minute.
func soon(cond func() bool) {
	for end := time.Now().Add(time.Minute); !cond() && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
}

// quiet is a server's ErrorLog.
var quiet = log.New(io.Discard, "", 0)
