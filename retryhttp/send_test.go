package retryhttp_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

// The limits of time are for the headers: a body that takes longer is read to its end.
func TestTimeoutDoesNotCutOffTheBody(t *testing.T) {
	for name, p := range map[string]retry.Policy{
		"timeout": {Timeout: time.Second},
		"within":  {Within: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var requests atomic.Int32
				m := inMemory(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if requests.Add(1) == 1 {
						io.WriteString(w, "first half, ")
						w.(http.Flusher).Flush()
						time.Sleep(time.Minute)
					}
					io.WriteString(w, "second half")
				}))
				resp, err := m.transport(p).RoundTrip(request(t, "GET", m.URL, nil))
				if err != nil {
					t.Fatal(err)
				}
				if got := text(t, resp); got != "first half, second half" {
					t.Errorf("the body is %q", got)
				}
			})
		})
	}
}

// A server that doesn't answer is asked again; the POST that it may be busy with is not repeated.
func TestTimeoutOfAnAttempt(t *testing.T) {
	for method, want := range map[string]int32{"GET": 2, "POST": 1} {
		synctest.Test(t, func(t *testing.T) {
			var requests atomic.Int32
			m := inMemory(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if requests.Add(1) == 1 {
					<-r.Context().Done()
				}
			}))
			began := time.Now()
			p := retry.Policy{Timeout: 200 * time.Millisecond, Backoff: retry.List{0, 0, 0, 0, 0, 0}}
			resp, err := m.transport(p).RoundTrip(request(t, method, m.URL, nil))
			if err == nil {
				resp.Body.Close()
			}
			if method == "POST" && !errors.Is(err, retry.ErrTimeout) || method == "GET" && err != nil {
				t.Errorf("%s: the error is %v", method, err)
			}
			if n, took := requests.Load(), time.Since(began); n != want || took != 200*time.Millisecond {
				t.Errorf("%s: %d requests were sent in %v, want %d", method, n, took, want)
			}
		})
	}
}

// A POST that ran out of time before there was a connection wasn't sent.
func TestTimeoutOfADial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{statuses: []int{200}}
		m := inMemory(t, s)
		var dials atomic.Int32
		m.base.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if dials.Add(1) == 1 {
				<-t.Context().Done() // a dial that hangs, whatever becomes of the request
				return nil, t.Context().Err()
			}
			return m.dial(ctx, network, addr)
		}
		tr := m.transport(retry.Policy{Timeout: time.Second, Backoff: retry.List{0, 0}})
		resp, err := tr.RoundTrip(request(t, "POST", m.URL, strings.NewReader("body")))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := s.received(); len(got) != 1 || got[0].body != "body" {
			t.Errorf("the server received %v", got)
		}

		dials.Store(0)
		m.base.CloseIdleConnections()
		req := request(t, "POST", m.URL, strings.NewReader("body"))
		if _, err := retryhttp.Fetch(&http.Client{Transport: tr}, req, readAll); err != nil || len(s.received()) != 2 {
			t.Errorf("with Fetch the server received %v (%v)", s.received()[1:], err)
		}
	})
}

// The caller's context ends everything: an attempt, a delay, and the body of the answer.
func TestCallersContext(t *testing.T) {
	why := errors.New("not needed any more")
	for _, p := range []retry.Policy{{}, {Timeout: time.Minute}} {
		t.Run(fmt.Sprint("timeout_", p.Timeout), func(t *testing.T) {
			url := handling(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/body" {
					io.WriteString(w, "half")
					w.(http.Flusher).Flush()
				}
				<-r.Context().Done()
			})
			ctx, cancel := context.WithCancelCause(t.Context())
			tr := transport(t, p)
			time.AfterFunc(50*time.Millisecond, func() { cancel(why) })
			if _, err := tr.RoundTrip(request(t, "GET", url, nil).WithContext(ctx)); !errors.Is(err, why) {
				t.Errorf("in an attempt: the error is %v", err)
			}

			ctx, cancel = context.WithCancelCause(t.Context())
			resp, err := tr.RoundTrip(request(t, "GET", url+"/body", nil).WithContext(ctx))
			if err != nil {
				t.Fatal(err)
			}
			half := make([]byte, 4)
			if _, err := io.ReadFull(resp.Body, half); string(half) != "half" {
				t.Errorf("in the body: read %q, %v", half, err)
			}
			time.AfterFunc(50*time.Millisecond, func() { cancel(why) })
			if b, err := io.ReadAll(resp.Body); len(b) != 0 || err == nil {
				t.Errorf("then in the body: read %q, %v", b, err)
			}
			resp.Body.Close()

			s := serve(t, 503)
			ctx, cancel = context.WithCancelCause(t.Context())
			slow := p
			slow.Backoff = retry.List{0, time.Hour}
			slow.Observe = func(context.Context, retry.Event) { cancel(why) }
			_, err = transport(t, slow).RoundTrip(request(t, "GET", s.URL, nil).WithContext(ctx))
			if !errors.Is(err, why) || !retryhttp.Status(503)(err) {
				t.Errorf("in a delay: the error is %v, want the cause and the failure", err)
			}
		})
	}
}

// The Cancel channel of old is heeded, too.
func TestCancelChannel(t *testing.T) {
	url := handling(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	req := request(t, "GET", url, nil)
	cancel := make(chan struct{})
	req.Cancel = cancel //lint:ignore SA1019 it is what is tested
	time.AfterFunc(50*time.Millisecond, func() { close(cancel) })
	tr := transport(t, retry.Policy{Backoff: retry.List{0, time.Hour}})
	if _, err := tr.RoundTrip(req); err == nil || errors.Is(err, retry.ErrTooLate) {
		t.Errorf("the error is %v", err)
	}
}

// A connection that becomes the caller's own (101) can be read and written, attempt limits or not.
func TestUpgrade(t *testing.T) {
	addr := raw(t, func(c net.Conn) {
		r := bufio.NewReader(c)
		if _, err := http.ReadRequest(r); err != nil {
			return
		}
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
		io.Copy(c, r)
	})
	for _, p := range []retry.Policy{{}, {Timeout: time.Minute}} {
		req := request(t, "GET", "http://"+addr, nil)
		req.Header.Set("Connection", "upgrade")
		req.Header.Set("Upgrade", "echo")
		resp, err := transport(t, p).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		w, ok := resp.Body.(io.Writer)
		if !ok {
			t.Fatal("the body can't be written to")
		}
		io.WriteString(w, "hello")
		b := make([]byte, 5)
		if _, err := io.ReadFull(resp.Body, b); err != nil || string(b) != "hello" {
			t.Errorf("read %q, %v", b, err)
		}
		resp.Body.Close()
	}
}

// A server's hint is obeyed: never shorter, and a tenth longer at most.
func TestHintIsObeyed(t *testing.T) {
	now := time.Unix(1795348800, 0)
	reset := strconv.FormatInt(now.Add(30*time.Second).Unix(), 10)
	for _, row := range []struct {
		status         int
		method, header string // fields, one a line
	}{
		{429, "GET", "Retry-After: 30"},
		{429, "GET", `RateLimit: "default";r=0;t=30`},
		{429, "POST", "Retry-After: 30"},
		{503, "GET", "Retry-After: 30"},
		{403, "GET", "Retry-After: 30"}, // GitHub
		{403, "POST", "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: " + reset},
		{413, "PUT", "Retry-After-Ms: 30000"},
		{425, "POST", "Retry-After: 30"},
		{529, "GET", "Anthropic-RateLimit-Tokens-Remaining: 0\nAnthropic-RateLimit-Tokens-Reset: " + reset},
	} {
		s := serve(t, row.status)
		s.header.Set("Date", now.UTC().Format(http.TimeFormat))
		for line := range strings.SplitSeq(row.header, "\n") {
			name, value, _ := strings.Cut(line, ": ")
			s.header.Set(name, value)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var delay time.Duration
		tr := transport(t, retry.Policy{Observe: func(_ context.Context, e retry.Event) {
			if e.Retry {
				delay = e.Delay
				cancel()
			}
		}})
		tr.RoundTrip(request(t, row.method, s.URL, nil).WithContext(ctx))
		if delay < 30*time.Second || delay > 33*time.Second {
			t.Errorf("%s %d with %s: the delay is %v", row.method, row.status, row.header, delay)
		}
	}
}

// An answer isn't held while waiting for the next attempt: its connection is free for others. Neither is the
// caller, by a server that doesn't finish its answer.
func TestConnectionIsFreeDuringTheDelay(t *testing.T) {
	wantConnections(t, 1, []int{503, 200}, func(t *testing.T, _ *service, m *memory) {
		tr := m.transport(retry.Policy{Backoff: retry.List{0, time.Millisecond}})
		tr.Policy.Observe = func(_ context.Context, e retry.Event) {
			if e.Retry {
				other, err := tr.Base.RoundTrip(request(t, "GET", m.URL, nil))
				if err != nil {
					t.Error(err)
					return
				}
				text(t, other)
			}
		}
		resp, err := tr.RoundTrip(request(t, "GET", m.URL, nil))
		if err != nil {
			t.Fatal(err)
		}
		text(t, resp)
	})

	var requests atomic.Int32
	url := handling(t, func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) > 1 {
			return
		}
		w.WriteHeader(503)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	if resp, err := transport(t, three).RoundTrip(request(t, "GET", url, nil)); err != nil || resp.StatusCode != 200 {
		t.Errorf("the result is %v, %v", resp, err)
	} else {
		resp.Body.Close()
	}
}

// What net/http's connection can do after 101 Switching Protocols, the answer of a Transport can as well: a client of a reverse
// proxy that has said all still gets its answer.
func TestUpgradeIsHalfClosed(t *testing.T) {
	addr := raw(t, func(c net.Conn) {
		r := bufio.NewReader(c)
		http.ReadRequest(r)
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		said, _ := io.ReadAll(r)
		fmt.Fprintf(c, "you said %s", said)
	})
	for name, tr := range map[string]*retryhttp.Transport{
		"zero":    {},
		"timeout": {Policy: retry.Policy{Timeout: time.Minute}},
		"within":  {Policy: retry.Policy{Within: time.Minute}},
		"hedge":   {Hedge: &retry.HedgeSettings{Delay: time.Minute}},
	} {
		base := &http.Transport{}
		defer base.CloseIdleConnections()
		tr.Base = base
		proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: addr})
		proxy.Transport = tr
		front := httptest.NewServer(proxy)
		c, err := net.Dial("tcp", front.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		r := bufio.NewReader(c)
		if resp, err := http.ReadResponse(r, nil); err != nil || resp.StatusCode != 101 {
			t.Fatalf("%s: the answer is %v, %v", name, resp, err)
		}
		io.WriteString(c, "hello")
		c.(*net.TCPConn).CloseWrite()
		if got, err := io.ReadAll(r); string(got) != "you said hello" {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
		c.Close()
		front.Close()
	}

	// One that can't says so, as net/http does.
	canned := &http.Response{StatusCode: 101, Body: struct {
		io.ReadCloser
		io.Writer
	}{http.NoBody, io.Discard}}
	resp, err := (&retryhttp.Transport{Policy: retry.Policy{Timeout: time.Minute}, Base: roundTripper(func(*http.Request) (*http.Response, error) { return canned, nil })}).
		RoundTrip(request(t, "GET", "http://service.example", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := resp.Body.(interface{ CloseWrite() error }).CloseWrite(); !errors.Is(err, http.ErrNotSupported) {
		t.Errorf("CloseWrite returned %v", err)
	}
}

// HTTP/2's REFUSED_STREAM says that the request wasn't acted upon (RFC 9113, section 8.7).
// net/http makes seven attempts of its own, a minute long, before it tells; hence a pipe and
// the time of synctest.
func TestRefusedStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refuse := true
		base := h2Transport()
		base.DialContext = func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go playRefusing(server, &refuse)
			return client, nil
		}
		post := func() *http.Request { return request(t, "POST", "http://service.example", nil) }
		_, err := base.RoundTrip(post())
		if err == nil || !strings.Contains(err.Error(), "REFUSED_STREAM") {
			t.Fatalf("the error is %v", err)
		}
		if c := retryhttp.Classify(err); c != retryhttp.NeverSent {
			t.Errorf("Classify(%v) = %v", err, c)
		}
		attempts := 0
		tr := &retryhttp.Transport{Base: base}
		tr.Policy.Observe = func(_ context.Context, e retry.Event) { refuse, attempts = false, e.Attempt }
		resp, err := tr.RoundTrip(post())
		if err != nil || resp.StatusCode != 200 || attempts != 2 {
			t.Errorf("the result is %v, %v after %d attempts", resp, err, attempts)
		}
		base.CloseIdleConnections()
	})
}

// playRefusing plays the server of an HTTP/2 connection (RFC 9113) that answers a request with
// a refusal, or with 200.
func playRefusing(c net.Conn, refuse *bool) {
	defer c.Close()
	write := make(chan []byte, 100) // a pipe holds nothing, and both ends must not write at once
	defer close(write)
	go func() {
		for b := range write {
			c.Write(b)
		}
	}()
	io.CopyN(io.Discard, c, int64(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")))
	write <- []byte{0, 0, 0, 4, 0, 0, 0, 0, 0} // settings
	head := make([]byte, 9)
	for {
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
		io.ReadFull(c, payload)
		stream := head[5:]
		switch kind, flags := head[3], head[4]; {
		case kind == 4 && flags == 0: // settings, to be acknowledged
			write <- []byte{0, 0, 0, 4, 1, 0, 0, 0, 0}
		case kind == 6 && flags == 0: // ping, likewise
			write <- append([]byte{0, 0, 8, 6, 1, 0, 0, 0, 0}, payload...)
		case kind == 1 && *refuse: // headers, answered by a reset
			write <- append(append([]byte{0, 0, 4, 3, 0}, stream...), 0, 0, 0, 7)
		case kind == 1: // answered by the headers ":status: 200" and the end of the stream
			write <- append(append([]byte{0, 0, 1, 1, 4 | 1}, stream...), 0x88)
		}
	}
}
