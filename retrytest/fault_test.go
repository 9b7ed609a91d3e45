package retrytest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/ownport"
	"github.com/callagain/retry/retrytest"
)

var hello = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("X-Kept", "yes")
	io.WriteString(w, "hello there")
})

// read returns what arrives of the body of an answer.
func read(t *testing.T, c *http.Client, url string) (*http.Response, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), err
}

// each runs f with a client whose requests meet the steps: in a server, and in the client's transport before a server.
func each(t *testing.T, next http.Handler, steps []retrytest.Step, f func(t *testing.T, c *http.Client, url string)) {
	t.Run("handler", func(t *testing.T) {
		script := retrytest.NewScript(t, steps...)
		server := httptest.NewServer(script.Handler(next))
		defer server.Close()
		f(t, server.Client(), server.URL)
		script.Done()
	})
	t.Run("round_tripper", func(t *testing.T) {
		script := retrytest.NewScript(t, steps...)
		if next == nil {
			f(t, &http.Client{Transport: script.RoundTripper(nil)}, "http://127.0.0.1/")
		} else {
			server := httptest.NewServer(next)
			defer server.Close()
			f(t, &http.Client{Transport: script.RoundTripper(server.Client().Transport)}, server.URL)
		}
		script.Done()
	})
}

func TestAnswerCutInTheMiddle(t *testing.T) {
	each(t, hello, []retrytest.Step{{Cut: true}, retrytest.OK}, func(t *testing.T, c *http.Client, url string) {
		resp, body, err := read(t, c, url)
		if body != "hello" || !errors.Is(err, io.ErrUnexpectedEOF) || resp.StatusCode != 200 || resp.ContentLength != 11 || resp.Header.Get("X-Kept") != "yes" {
			t.Errorf("got %q, %v and %v", body, err, resp)
		}
		if _, body, err := read(t, c, url); body != "hello there" || err != nil {
			t.Errorf("after that got %q, %v", body, err)
		}
	})
}

// Without anything to cut, the reader still finds out that the answer isn't whole.
func TestEmptyAnswerCutInTheMiddle(t *testing.T) {
	each(t, nil, []retrytest.Step{{Cut: true}, {Status: 503, After: time.Second, Cut: true}}, func(t *testing.T, c *http.Client, url string) {
		for _, status := range []int{200, 503} {
			resp, body, err := read(t, c, url)
			if body != "" || !errors.Is(err, io.ErrUnexpectedEOF) || resp.StatusCode != status {
				t.Errorf("got %q, %v and %v", body, err, resp)
			}
		}
	})
}

func TestSlowBodyArrivesWhole(t *testing.T) {
	each(t, hello, []retrytest.Step{{SlowBody: time.Millisecond}}, func(t *testing.T, c *http.Client, url string) {
		resp, body, err := read(t, c, url)
		if body != "hello there" || err != nil || resp.ContentLength != 11 {
			t.Errorf("got %q, %v", body, err)
		}
	})
}

func TestSlowBodyTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := retrytest.NewScript(t, retrytest.Step{SlowBody: time.Minute}, retrytest.Step{SlowBody: time.Hour}, retrytest.Step{SlowBody: time.Hour, Cut: true})
		c := &http.Client{Transport: script.RoundTripper(nil)}
		begun := time.Now()
		if _, _, err := read(t, c, "http://127.0.0.1/"); err != nil || time.Since(begun) != time.Minute {
			t.Errorf("got %v after %v", err, time.Since(begun))
		}
		begun = time.Now()
		c.Timeout = time.Second
		if _, _, err := read(t, c, "http://127.0.0.1/"); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != time.Second {
			t.Errorf("with a timeout got %v after %v", err, time.Since(begun))
		}
		begun = time.Now()
		c.Timeout = 0
		if _, _, err := read(t, c, "http://127.0.0.1/"); !errors.Is(err, io.ErrUnexpectedEOF) || time.Since(begun) != time.Hour {
			t.Errorf("slow and cut: got %v after %v", err, time.Since(begun))
		}
	})
}

// Closing a slow body ends what still reads it, as it does with net/http's; and nothing can be read then.
func TestSlowBodyEndsWhenItIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := retrytest.NewScript(t, retrytest.Step{SlowBody: time.Hour})
		resp, err := (&http.Client{Transport: script.RoundTripper(nil)}).Get("http://127.0.0.1/")
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		time.AfterFunc(time.Second, func() { resp.Body.Close() })
		if _, err := io.ReadAll(resp.Body); !errors.Is(err, http.ErrBodyReadAfterClose) || time.Since(begun) != time.Second {
			t.Errorf("got %v after %v", err, time.Since(begun))
		}
	})
}

func TestFuncMeetsFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := retrytest.NewScript(t,
			retrytest.Step{Cut: true},
			retrytest.Refused,
			retrytest.GoAway,
			retrytest.Step{SlowBody: time.Hour},
			retrytest.Step{SlowBody: time.Second},
		)
		begun := time.Now()
		var failures []error
		p := retry.Policy{Timeout: time.Minute, Backoff: retry.List{0, 0, 0, 0, 0}, RetryIf: func(err error) bool {
			failures = append(failures, err)
			return true
		}}
		v, err := retry.Get(t.Context(), p, retrytest.Func(script, 42))
		if v != 42 || err != nil || time.Since(begun) != time.Minute+time.Second {
			t.Errorf("got %v, %v after %v", v, err, time.Since(begun))
		}
		script.Done()
		if len(failures) != 4 || !errors.Is(failures[0], io.ErrUnexpectedEOF) || !errors.Is(failures[1], syscall.ECONNREFUSED) ||
			!strings.Contains(failures[2].Error(), "GOAWAY") || !errors.Is(failures[3], retry.ErrTimeout) {
			t.Errorf("the failures are %q", failures)
		}
	})
}

// The failure of Refused is the one that a real client gets.
func TestRefusedIsWhatNetReturns(t *testing.T) {
	address := ownport.Closed(t)
	_, real := net.Dial("tcp", address)
	scripted := retrytest.NewScript(t, retrytest.Refused).Do(t.Context())
	var a, b *net.OpError
	if !errors.As(real, &a) || !errors.As(scripted, &b) || a.Op != b.Op || a.Net != b.Net || !errors.Is(real, syscall.ECONNREFUSED) || !errors.Is(scripted, syscall.ECONNREFUSED) {
		t.Errorf("got %#v, a real one is %#v", scripted, real)
	}
	if want := strings.Replace(real.Error(), address, "127.0.0.1:80", 1); scripted.Error() != want {
		t.Errorf("got %q, a real one is %q", scripted, want)
	}
}

// The text of GoAway is the one that net/http gives to a connection that ends in this way. Its type isn't exported.
func TestGoAwayIsWhatNetHTTPReturns(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		io.WriteString(conn, "\x00\x00\x00\x04\x00\x00\x00\x00\x00") // SETTINGS, empty (RFC 9113, section 6.5)
		// The client's preface and its frames, up to the HEADERS of the request.
		io.CopyN(io.Discard, conn, int64(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")))
		for {
			var head [9]byte
			if _, err := io.ReadFull(conn, head[:]); err != nil {
				return
			}
			io.CopyN(io.Discard, conn, int64(head[0])<<16|int64(head[1])<<8|int64(head[2]))
			if head[3] == 1 {
				break
			}
		}
		io.WriteString(conn, "\x00\x00\x08\x07\x00\x00\x00\x00\x00"+"\x00\x00\x00\x01"+"\x00\x00\x00\x00") // GOAWAY (section 6.8)
	}()
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: protocols}
	defer transport.CloseIdleConnections()
	_, _, real := read(t, &http.Client{Transport: transport}, "http://"+l.Addr().String())
	scripted := retrytest.NewScript(t, retrytest.GoAway).Do(t.Context())
	if real == nil || !strings.HasSuffix(real.Error(), scripted.Error()) {
		t.Errorf("got %q, a real one is %q", scripted, real)
	}
}

// Over HTTP/2 a step that fails ends its stream, and the connection serves the next one.
func TestHandlerOverHTTP2(t *testing.T) {
	script := retrytest.NewScript(t, retrytest.GoAway, retrytest.Step{Cut: true}, retrytest.OK)
	server := httptest.NewUnstartedServer(script.Handler(hello))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	if _, _, err := read(t, server.Client(), server.URL); err == nil || !strings.Contains(err.Error(), "stream error") {
		t.Errorf("got %v", err)
	}
	if _, body, err := read(t, server.Client(), server.URL); err == nil || body != "hello" {
		t.Errorf("cut in the middle: got %q, %v", body, err)
	}
	if resp, body, err := read(t, server.Client(), server.URL); err != nil || body != "hello there" || resp.ProtoMajor != 2 {
		t.Errorf("got %q, %v", body, err)
	}
	script.Done()
}

// A Context skips the delays between attempts, not the time of a step: what limits attempts is tested by it.
func TestContextDoesNotSkipSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, record := retrytest.Context(t.Context(), retrytest.Settings{})
		script := retrytest.NewScript(t, retrytest.Step{Slow: time.Hour}, retrytest.Step{Slow: time.Second})
		begun := time.Now()
		err := retry.Do(ctx, retry.Policy{Timeout: time.Minute}, script.Do)
		if err != nil || time.Since(begun) != time.Minute+time.Second || len(record.Delays()) != 1 {
			t.Errorf("got %v after %v and delays of %v", err, time.Since(begun), record.Delays())
		}
	})
}

func TestLongHintOverHTTP(t *testing.T) {
	script := retrytest.NewScript(t, retrytest.Step{After: 1<<63 - 1})
	resp, _, err := read(t, &http.Client{Transport: script.RoundTripper(nil)}, "http://127.0.0.1/")
	if err != nil || resp.Header.Get("Retry-After") != "9223372037" {
		t.Errorf("got %v, %v", resp, err)
	}
}
