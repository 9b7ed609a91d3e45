//go:build unix

package main

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The first signal reaches a hook as well, and --within bounds it.
func TestHooksEndInTime(t *testing.T) {
	for _, flag := range []string{"--on-retry", "--on-giveup"} {
		ready := temp(t)
		r := start(t, "-n 2 -i 1 -g 1h --report "+ready+".json "+flag, "[ $RETRY_ATTEMPT = 1 ] || [ "+flag+" = --on-giveup ] || exit 0; trap 'echo told >> "+ready+"; exit 1' TERM; echo up > "+ready+"; while :; do sleep 0.02; done", "false")
		eventually(t, "the hook", has(ready, "up\n"))
		r.signal(syscall.SIGTERM)
		got := r.end()
		if got.died != syscall.SIGTERM || !strings.Contains(read(t, ready), "told") || !strings.Contains(read(t, ready+".json"), `"ended": "signal"`) {
			t.Errorf("%s: %+v, %q", flag, got, read(t, ready))
		}
		inTime(t, time.Second, func(limit time.Duration) bool {
			reason := temp(t)
			got := start(t, "-n 2 --delay 1ms -g 300ms --within "+limit.String()+" "+flag, "echo $RETRY_REASON > "+reason+"; sleep 300", "false").end()
			if b, _ := os.ReadFile(reason); len(b) == 0 || string(b) == "timeout\n" {
				return false // the time was over before
			}
			got.is(t, map[string]int{"--on-retry": 124, "--on-giveup": 1}[flag], "")
			got.says(t, "the hook of "+flag+" failed: there was no time left for it")
			return true
		})
	}
	// When the time is over, the last hook still has the grace.
	done := temp(t)
	start(t, "-q --within 100ms -g 1m --on-giveup", "sleep 0.3; echo $RETRY_REASON > "+done, "sleep", "300").end().is(t, 124, "")
	if got := read(t, done); got != "timeout\n" {
		t.Errorf("%q", got)
	}
}

// The text of a hook, which may hold a token, is never shown, and -q is quiet about it.
func TestHooksTextIsNotShown(t *testing.T) {
	for _, args := range []string{"", "--log json", "-v", "-q"} {
		report := temp(t)
		r := runWith(t, nil, nil, append(strings.Fields(args+" -n 2 -i 0 --report "+report), "--on-retry", "exit 3 # hunter2", "--on-giveup", "exit 4 # hunter2", "false")...)
		if r.code != 1 || strings.Contains(r.stderr+read(t, report), "hunter2") {
			t.Errorf("%s: exit code %d, %s", args, r.code, r.stderr)
		}
		if args == "-q" {
			if r.stderr != "" {
				t.Errorf("-q: %q", r.stderr)
			}
		} else {
			r.says(t, "the hook of --on-retry failed: exit code 3", "the hook of --on-giveup failed: exit code 4")
		}
	}
}

// Flags in RETRY_OPTS are for this run only, and a hook's variables are the hook's.
func TestNothingLeaksIntoNestedRuns(t *testing.T) {
	opts := []string{"RETRY_OPTS=-q -i 0 -n 2", "R=" + binary}
	show := `sh -c 'echo "${RETRY_OPTS-none} ${RETRY_REASON-none} ${RETRY_DELAY-none} ${RETRY_FAILURE-none}"'`
	runWith(t, nil, opts, "sh", "-c", `$R --no-verbose -n 1 `+show).is(t, 0, "none none none none\n")
	log := temp(t)
	runWith(t, nil, opts, "--on-retry", "$R -n 1 "+show+" >> "+log, "--on-giveup", "$R -n 1 "+show+" >> "+log, "false").is(t, 1, "")
	if got := read(t, log); got != "none none none none\nnone none none none\n" {
		t.Errorf("%q", got)
	}
	// A hook by RETRY_OPTS runs once, though what it runs is retried itself.
	os.Remove(log)
	runWith(t, nil, []string{"R=" + binary, "RETRY_OPTS=-q -i 0 -n 1 --on-giveup 'echo hook >> " + log + "'"}, "sh", "-c", "$R -q -n 1 false; $R -q -n 1 false").is(t, 1, "")
	if got := read(t, log); got != "hook\n" {
		t.Errorf("%q", got)
	}
}

// A hook's exit code 99 is for no other attempt; any other one makes no difference. The exit code stays the command's, and
// what was kept of its output is shown.
func TestHookStops(t *testing.T) {
	report := temp(t)
	r := run(t, "-n 5 -i 0 -o last --report "+report+" --on-giveup", `echo gave up: $RETRY_REASON`, "--on-retry", "[ $RETRY_ATTEMPT = 2 ] && exit 99; exit 98", "sh", "-c", "echo out $RETRY_ATTEMPT; exit 7")
	r.is(t, 7, "out 2\n")
	r.says(t, "the hook of --on-retry failed: exit code 98", "gave up after 2 attempts in", "the hook of --on-retry says so", "gave up: stopped")
	if strings.Contains(r.stderr, "exit code 99") {
		t.Errorf("that's no failure of the hook: %s", r.stderr)
	}
	if got := read(t, report); !strings.Contains(got, `"ended": "stopped"`) || strings.Count(got, `{"attempt":`) != 2 {
		t.Error(got)
	}
	// Only that hook decides.
	run(t, "-n 1 --on-giveup", "exit 99", "false").says(t, "the hook of --on-giveup failed: exit code 99")
}

// The last hook is run where there was no success, whatever the exit code that was asked for.
func TestLastHookIgnoresTheExitCode(t *testing.T) {
	run(t, "-n 2 -i 0 --exhausted-code 0 --on-giveup", "echo hook", "false").says(t, "gave up", "\nhook\n")
	run(t, "-n 2 -i 0 --success-on 1 --on-giveup", "echo hook", "sh", "-c", "exit 1").is(t, 0, "")
}
