//go:build unix

package main

import (
	"bytes"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Where other tools that run a command again go wrong, found by running them. The tests of
// each feature prove more; these are the cases themselves.
func TestDefectsOfOtherTools(t *testing.T) {
	t.Run("TERM ends the tool and leaves the command running", func(t *testing.T) {
		for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
			ready := temp(t)
			r := start(t, "sh -c", "echo > "+ready+"; sleep 300; :")
			eventually(t, "the command", has(ready, "\n"))
			r.signal(sig)
			r.end().is(t, 128+int(sig), "")
		}
	})
	t.Run("a timeout ends the direct child only", func(t *testing.T) {
		start(t, "-q -n 1 -t 300ms sh -c", "sleep 300; echo; :").end().is(t, 124, "")
	})
	t.Run("a timeout waits for a grandchild that holds the pipe", func(t *testing.T) {
		for _, mode := range []string{"last", "once"} {
			start(t, "-q -n 1 -t 300ms -o "+mode+" sh -c", "sleep 300; echo").end().is(t, 124, "")
		}
	})
	t.Run("delays below a second shrink", func(t *testing.T) {
		r := run(t, "--plan -i 500ms -j none -n 5")
		if !strings.Contains(r.stdout, "2   500ms\n      3   1s\n      4   2s\n      5   4s\n") {
			t.Error(r.stdout)
		}
	})
	t.Run("jitter passes the cap", func(t *testing.T) {
		r := run(t, "--plan -m 3s -n 9")
		if !strings.Contains(r.stdout, "9   0s to 3s\n") || strings.Contains(r.stdout, "4s\n") {
			t.Error(r.stdout)
		}
	})
	t.Run("the report of a success has no time, and there is none after a signal", func(t *testing.T) {
		name := temp(t)
		sh(t, "--report "+name, "sleep 0.1").is(t, 0, "")
		if strings.Contains(read(t, name), `"duration_seconds":0,`) {
			t.Error(read(t, name))
		}
		os.Remove(name)
		ready := temp(t)
		r := start(t, "--report "+name+" sh -c", "echo > "+ready+"; exec sleep 300")
		eventually(t, "the command", has(ready, "\n"))
		r.signal(syscall.SIGTERM)
		r.end()
		if !strings.Contains(read(t, name), `"signal":"SIGTERM"`) {
			t.Error(read(t, name))
		}
	})
	t.Run("a command that died of a signal is exit code 255 or 1", func(t *testing.T) {
		sh(t, "-n 1", "kill -KILL $$").is(t, 137, "")
	})
	t.Run("no attempts at all are a success", func(t *testing.T) {
		run(t, "-n 0 true").is(t, 125, "")
	})
	t.Run("there is a delay after the last attempt, and an attempt more than asked for", func(t *testing.T) {
		r := sh(t, "-n 2 --delays 0,1ms,1h", "echo run; exit 3")
		r.is(t, 3, "run\nrun\n")
		if strings.Count(r.stderr, "next") != 1 {
			t.Error(r.stderr)
		}
	})
	t.Run("arguments are parsed again by a shell", func(t *testing.T) {
		run(t, "", "printf", "[%s]", "a b", "it's").is(t, 0, "[a b][it's]")
	})
	t.Run("attempts are counted from 0", func(t *testing.T) {
		sh(t, "-n 1", "echo $RETRY_ATTEMPT").is(t, 0, "1\n")
	})
	t.Run("the exit code is always 1", func(t *testing.T) {
		sh(t, "-n 2 -i 1ms", "exit 42").is(t, 42, "")
	})
	t.Run("the command has no standard input", func(t *testing.T) {
		runWith(t, strings.NewReader("in"), nil, "cat").is(t, 0, "in")
	})
	t.Run("there is a limit of time that nobody asked for", func(t *testing.T) {
		r := sh(t, "-n 2 --log json --delays 0,1s", "exit 1")
		r.says(t, `"delay_seconds":1`, "attempts used up")
		if o := defaults(); o.within != 0 || o.timeout != 0 {
			t.Errorf("limits by default: %v, %v", o.within, o.timeout)
		}
	})
	t.Run("the log has the last attempt only", func(t *testing.T) {
		sh(t, "-n 3 -i 1ms", "exit 1$RETRY_ATTEMPT").says(t, "exit code 11", "exit code 12", "exit code 13")
	})
	t.Run("there is no delay unless asked for", func(t *testing.T) {
		if got := first(3, given(t, "").policy(nil).Backoff); len(got) != 3 || given(t, "").initial != time.Second {
			t.Error(got)
		}
	})
	t.Run("every failed attempt's output is in the pipeline", func(t *testing.T) {
		sh(t, "-q -n 3 -i 1ms -o once", "echo body $RETRY_ATTEMPT; [ $RETRY_ATTEMPT = 3 ]").is(t, 0, "body 3\n")
	})
	t.Run("a hint shortens the delay", func(t *testing.T) {
		sh(t, "-n 2 --delays 0,50ms --log json", `echo 0 > $RETRY_AFTER_FILE; exit 1`).says(t, `"delay_seconds":0.05}`)
	})
	t.Run("output that isn't UTF-8 is fatal", func(t *testing.T) {
		for _, mode := range []string{"stream", "last", "once"} {
			sh(t, "-n 1 --stop-stdout never -o "+mode, `printf '\377\376\000\200'`).is(t, 0, "\xff\xfe\x00\x80")
		}
	})
	t.Run("Ctrl-C is taken for a failure", func(t *testing.T) {
		// In full, on a terminal: TestCtrlC.
		ready := temp(t)
		r := start(t, "--delays 0,1h sh -c", `trap "exit 20" INT; echo > `+ready+`; while :; do sleep 0.02; done`)
		eventually(t, "the command", has(ready, "\n"))
		r.signal(syscall.SIGINT)
		r.end().is(t, 130, "")
	})
	t.Run("a pipeline's input is swallowed by the first attempt", func(t *testing.T) {
		runWith(t, onlyReader{bytes.NewReader([]byte("in"))}, nil, "-q", "-n", "2", "-i", "1ms", "sh", "-c", "cat; [ $RETRY_ATTEMPT = 2 ]").is(t, 0, "inin")
	})
}
