//go:build unix

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// The delay may be in what the command prints, on either output: the last one counts, and it only makes the delay longer.
func TestDelayThatIsPrinted(t *testing.T) {
	for _, test := range []struct{ args, script, says string }{
		{`-i 1ms --delay-from 'again in (\d+\w+)'`, "echo try again in 300ms", `"delay_seconds":0.3}`},
		{`-i 1ms --delay-from 'again in (\d+\w+)'`, "echo try again in 300ms >&2", `"delay_seconds":0.3}`},
		{`-i 1ms --delay-from 'again in ([\d.]+)s'`, "printf 'try again in 9s\ntry again in .'; sleep 0.1; printf 3s", `"delay_seconds":0.3}`},
		{`-i 1ms --delay-from 'in ([\d.]+)s' --delay-from 'wait ([\d.]+)$'`, `printf 'x\r\nwait .3\r\n'`, `"delay_seconds":0.3}`},
		{`-d 0,200ms --delay-from 'in (\d+)ms'`, "echo in 0ms", `"delay_seconds":0.2}`},
		{`-i 1ms --delay-from 'in (\w+)'`, "echo in vain", `the delay of --delay-from: it's neither a duration`},
		{`-i 1ms --delay-from 'in (\w+)'`, "echo nothing", `"attempt":2`},
		{`--within 1m --delay-from 'in (\w+)'`, "echo in 1h", "asks to wait 1h"},
		{`-i 1ms -o last --delay-from 'in (\d+\w+)'`, "echo in 300ms", `"delay_seconds":0.3}`},
	} {
		r := runWith(t, nil, []string{"RETRY_OPTS=" + test.args}, "-n", "2", "--log", "json", "sh", "-c", test.script+"; exit 1")
		r.says(t, test.says)
	}
	sh(t, `-q -n 1 --delay-from (x)`, "echo x; echo y >&2").is(t, 0, "x\n")
}

// A line of any length takes no more memory than its beginning, and is looked through to there.
func TestDelayInALongLine(t *testing.T) {
	all, err := parseDelayFrom(`in (\d+)s`)
	if err != nil {
		t.Fatal(err)
	}
	a := lines{delays: all}
	a.Write([]byte("in 7s "))
	for range 10 {
		a.Write([]byte(strings.Repeat("x", longestLine)))
	}
	if len(a.line) > longestLine {
		t.Errorf("%d bytes are kept", len(a.line))
	}
	if d, err := a.delay(time.Now()); d != 7*time.Second || err != nil {
		t.Errorf("%v, %v", d, err)
	}
}

// What "curl -D" writes is understood, of the last of several answers.
func TestHeadersAsHint(t *testing.T) {
	now := time.Now()
	for text, want := range map[string]time.Duration{
		"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 120\r\n\r\n":                                   2 * time.Minute,
		"HTTP/2 429 \r\ncontent-type: text/plain\r\nretry-after: 120\r\n\r\n":                            2 * time.Minute,
		"HTTP/1.1 302 Found\r\nRetry-After: 7\r\n\r\nHTTP/1.1 503 Busy\r\nRetry-After: 120\r\n\r\n":      2 * time.Minute,
		"HTTP/1.1 302 Found\r\nRetry-After: 7\r\n\r\nHTTP/1.1 503 Busy\r\nServer: x\r\n\r\n":             0,
		"HTTP/1.0 200 Connection established\r\n\r\nHTTP/1.1 429 Slow\r\nX-RateLimit-Reset: 120\r\n\r\n": 2 * time.Minute,
		"HTTP/1.1 500 Internal Server Error\n\n":                                                         0,
		"Retry-After: 120":                                                                               2 * time.Minute,
		"Server: x\nretry-after: 120\n\n":                                                                2 * time.Minute,
		"Date: Sun, 01 Mar 2026 12:00:00 GMT\nRetry-After: Sun, 01 Mar 2026 12:00:30 GMT\n":              30 * time.Second,
	} {
		if got, err := hintFrom(t, text, now); got != want || err != nil {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"Server: hunter2", "12:30", "HTTP/1.1 500 x\r\nno header: \x00\x01\r\n: y\r\n", strings.Repeat("hunter2 ", 100)} {
		if got, err := hintFrom(t, text, now); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%.30q: %v, %v; want an error that doesn't show it", text, got, err)
		}
	}
	if _, err := exec.LookPath("curl"); err != nil {
		return
	}
	var calls atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(503)
		}
		fmt.Fprint(w, "answer")
	}))
	defer s.Close()
	r := run(t, "-n 2 -i 1ms --log json -o once -- sh -c", `curl -fsS -D "$RETRY_AFTER_FILE" `+s.URL)
	r.is(t, 0, "answer")
	r.says(t, `"delay_seconds":1}`)
}

func FuzzHint(f *testing.F) {
	f.Add("HTTP/1.1 503 x\r\nRetry-After: 120\r\n")
	f.Add("Sun, 01 Mar 2026 12:00:30 GMT")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := parseHint(text, time.Now())
		hint, ok := headerHint(text)
		if err == nil && d < 0 || ok && hint < 0 {
			t.Errorf("%v, %v", d, hint)
		}
	})
}
