//go:build unix

package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/callagain/retry/internal/ownport"
)

func listenAt(t *testing.T, address string) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
}

// It waits until somebody listens, and then is the command: the same process, whose exit code, input and signals are
// its own, which is run once, and to which nothing is said of attempts.
func TestWaitForConnections(t *testing.T) {
	address, ready := ownport.Closed(t), temp(t)
	r := start(t, "--delay 10ms -n unlimited --report "+ready+".json --tcp "+address+" --on-retry", "echo waits >> "+ready, "--", "sh", "-c",
		`echo $$ ${RETRY_ATTEMPT-none} ${RETRY_ID-none}; trap "exit 7" TERM; echo up >> `+ready+`; while :; do sleep 0.02; done`)
	eventually(t, "two attempts", has(ready, "waits\nwaits\n"))
	listenAt(t, address)
	eventually(t, "the command", has(ready, "up\n"))
	r.signal(syscall.SIGTERM)
	got := r.end()
	got.is(t, 7, fmt.Sprintf("%d none none\n", r.cmd.Process.Pid))
	got.says(t, "retry: attempt 1: "+address+": connect: connection refused after", "success at attempt")
	if report := read(t, ready+".json"); !strings.Contains(report, `"ended": "succeeded"`) {
		t.Error(report)
	}
	runWith(t, strings.NewReader("in"), nil, "--tcp", address, "sh", "-c", "cat; exit 3").is(t, 3, "in")
	run(t, "--tcp "+address).is(t, 0, "")
	run(t, "--tcp "+address+" no-such-command-anywhere").is(t, 127, "")
	run(t, "--tcp "+address+" /dev/null").is(t, 126, "")
}

// Without it there is no command, and how the wait ended is the exit code.
func TestWaitInVain(t *testing.T) {
	address := ownport.Closed(t)
	r := run(t, "-n 2 -i 0 --tcp "+address+" echo ran")
	r.is(t, 1, "")
	r.says(t, "attempt 2 of 2: "+address, "gave up after", "attempts used up")
	run(t, "-q --within 200ms --delay 10ms -n unlimited --tcp "+address+" echo ran").is(t, 124, "")
	run(t, "-q -n 2 -i 0 --exhausted-code 9 --tcp "+address+" echo ran").is(t, 9, "")
	// One of several is not enough.
	here := ownport.Closed(t)
	listenAt(t, here)
	run(t, "-q -n 2 -i 0 --tcp "+here+" --tcp "+address+" echo ran").is(t, 1, "")
	run(t, "-q -n 2 -i 0 --tcp "+here+" --file /nonexistent echo ran").is(t, 1, "")
	run(t, "-q -n 2 -i 0 --tcp "+here+" --file / echo ran").is(t, 0, "ran\n")
	// A signal ends the wait for somebody who says nothing.
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	s := start(t, "--http http://"+silent.Addr().String()+"/ echo ran")
	if _, err := silent.Accept(); err != nil {
		t.Fatal(err)
	}
	s.signal(syscall.SIGTERM)
	s.end().is(t, 143, "")
	r = run(t, "-n 1 -t 200ms --http http://"+silent.Addr().String()+"/ echo ran")
	r.is(t, 124, "")
	r.says(t, "timed out after")
	if o := given(t, "--tcp a:1"); o.timeout != probeTimeout {
		t.Errorf("an attempt may take %v", o.timeout)
	}
	if o := given(t, "--tcp a:1 -t 0"); o.timeout != 0 {
		t.Errorf("an attempt may take %v", o.timeout)
	}
}

// A server's status and Retry-After are obeyed, as package retryhttp has them, and its URL's secrets aren't shown.
func TestWaitForStatus(t *testing.T) {
	var calls atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		n := calls.Add(1)
		switch req.URL.Path {
		case "/busy":
			if n < 2 {
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(503)
			}
		case "/late":
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(503)
		case "/never":
			w.Header().Set("X-Should-Retry", "false")
			w.WriteHeader(503)
		case "/moved":
			http.Redirect(w, req, "/ok?key=hunter2", http.StatusFound)
		case "/ok":
			w.WriteHeader(204)
		case "/broken":
			if n < 3 {
				panic(http.ErrAbortHandler)
			}
		default:
			w.WriteHeader(404)
		}
	}))
	defer s.Close()
	for _, test := range []struct {
		path  string
		code  int
		calls int64
		says  []string
	}{
		{"/ok", 0, 1, nil},
		{"/moved", 0, 2, nil},
		{"/busy", 0, 2, []string{"/busy: 503 Service Unavailable", `"delay_seconds":1.`}},
		{"/broken", 0, 3, []string{"EOF"}},
		{"/late", 124, 1, []string{"asks to wait 1h"}},
		{"/never", 1, 1, nil},
		{"/missing", 1, 1, []string{"/missing: 404 Not Found", "that won't change by itself"}},
	} {
		calls.Store(0)
		host := strings.TrimPrefix(s.URL, "http://")
		r := run(t, "-n 4 -i 1ms --within 1m --log json -v --http http://user:hunter2@"+host+test.path+"?key=hunter2")
		if r.says(t, test.says...); r.code != test.code || calls.Load() != test.calls || strings.Contains(r.stderr, "hunter2") {
			t.Errorf("%s: exit code %d after %d calls; want %d after %d; it said:\n%s", test.path, r.code, calls.Load(), test.code, test.calls, r.stderr)
		}
	}
	run(t, "-n 1 --http http://"+ownport.Closed(t)+"/x?key=hunter2").says(t, "/x: connect: connection refused")
}

// A file may have to come, or with --until-fails to go.
func TestWaitForFile(t *testing.T) {
	name := temp(t) + " with a space"
	r := run(t, "-q -n 9 --delay 10ms --on-retry", "[ $RETRY_ATTEMPT = 2 ] && touch '"+name+"'; :", "--file", name, "echo", "ran")
	r.is(t, 0, "ran\n")
	r = run(t, "-q -n 9 --delay 10ms --until-fails --on-retry", "[ $RETRY_ATTEMPT = 2 ] && rm '"+name+"'; :", "--file", name, "echo", "ran")
	r.is(t, 0, "ran\n")
	if _, err := os.Stat(name); err == nil {
		t.Error("it's still there")
	}
	run(t, "-n 1 --file", name).says(t, name+": no such file")
	os.Symlink("/nonexistent", name)
	run(t, "-n 1 --file", name).is(t, 1, "")
}

// Waiting has a shared budget like any other call: a server that is down isn't called again and again.
func TestWaitingHasABudget(t *testing.T) {
	ownBudgets(t)
	port, count := down(t)
	for range 20 {
		run(t, "-q -n 4 -i 0 --budget b --http http://127.0.0.1:"+port+"/").is(t, 1, "")
	}
	if n := count.Load(); n > 24 {
		t.Errorf("%d connections for 20 calls", n)
	}
}
