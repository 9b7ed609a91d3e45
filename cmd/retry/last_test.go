//go:build unix

package main

import (
	"os"
	"strings"
	"testing"
)

// What is left of --within is used for a last attempt, with the time that it needs, and for nothing after it.
func TestLastTry(t *testing.T) {
	for _, test := range []struct {
		args, script string
		code         int
		attempts     string
		says         string
	}{
		{"-n 9 --within 1m --timeout 59s", "[ $RETRY_ATTEMPT = 2 ]", 0, "1 2", ", for the last time"},
		{"-n 9 --within 1m --timeout 59s", "exit 5", 124, "1 2", "no time left after the last attempt"},
		{"-n 9 --within 8s", "[ $RETRY_ATTEMPT = 2 ] || sleep 2; exit 5", 124, "1 2", "for the last time"}, // twice as long as the first
		{"-n 9 --within 1m --timeout 1h", "exit 5", 124, "1 2", "next at once, for the last time"},
		{"-n 9 --within 1m --timeout 59s --stop-on 2", "exit $RETRY_ATTEMPT", 2, "1 2", "--stop-on says that's final"},
		{"-n 9 --within 30m", "echo 3600 > $RETRY_AFTER_FILE; exit 5", 124, "1", "asks to wait 1h"}, // a server's wish isn't cut short
		{"-n 9 --within 30m --stop-on 5", "exit 5", 5, "1", "final"},
		{"-n 1 --within 30m", "exit 5", 5, "1", "attempts used up"},
	} {
		log := temp(t)
		r := sh(t, "--delay 1h --last-try "+test.args, "echo $RETRY_ATTEMPT >> "+log+"; "+test.script)
		if got := strings.Join(strings.Fields(read(t, log)), " "); r.code != test.code || got != test.attempts {
			t.Errorf("%s: exit code %d, attempts %s; want %d, %s; %s", test.args, r.code, got, test.code, test.attempts, r.stderr)
		}
		r.says(t, test.says)
	}
	// Without the flag there is none, and delays that fit are as they were.
	sh(t, "-n 9 --delay 1h --within 30m", "exit 5").says(t, "attempt 1 of 9", "the next delay is 1h")
	sh(t, "-n 3 -i 1ms --within 1h --last-try", "exit 5").is(t, 5, "")
	if r := run(t, "--plan --within 1m --last-try"); !strings.Contains(r.stdout, "cut short for a last attempt") {
		t.Error(r.stdout)
	}
}

// With --follow an attempt ends where its output matches, all of it, and that is a success.
func TestFollow(t *testing.T) {
	for _, args := range []string{"", "-o last", "-o once", "--stop-stdout never"} {
		start(t, "-q -n 1 --follow --until ^ready$ "+args+" -- sh -c", "echo starting; (sleep 300 & sleep 300) & echo ready; sleep 300; echo late").end().is(t, 0, "starting\nready\n")
	}
	start(t, "-q -n 1 -g 100ms --follow --until ready -- sh -c", `trap "" TERM; echo ready >&2; while :; do sleep 0.02; done`).end().is(t, 0, "")
	log := temp(t)
	os.WriteFile(log, []byte("booting\n"), 0o600)
	r := start(t, "-v -n 1 --follow --until listening -- tail -n +1 -f "+log)
	f, err := os.OpenFile(log, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString("listening on 80\n")
	f.Close()
	got := r.end()
	got.is(t, 0, "booting\nlistening on 80\n")
	got.says(t, "success at attempt 1")
	// One that ends without a match has failed, and so has one whose time is up.
	start(t, "-q -n 2 -i 0 --follow --until ready sh -c", "[ $RETRY_ATTEMPT = 2 ] && echo ready; exit 3").end().is(t, 0, "ready\n")
	start(t, "-q -n 1 --follow --until ready -t 200ms sleep 300").end().is(t, 124, "")
	sh(t, "-q -n 1 --until ready", "echo ready; echo more").is(t, 0, "ready\nmore\n") // only where it's asked for
}
