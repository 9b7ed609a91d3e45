//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

const fast = "-i 1ms -m 1ms"

// Each way to end has the exit code that the contract says.
func TestExitCode(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(dir+"/plain", []byte("text"), 0o644)
	os.WriteFile(dir+"/orphan", []byte("#!/nonexistent/sh\n"), 0o755)
	os.WriteFile(dir+"/script", []byte("exit 7\n"), 0o755)
	for _, test := range []struct {
		name, args string
		command    []string
		code       int
		attempts   int
	}{
		{"success", "", []string{"true"}, 0, 1},
		{"the command's own", fast + " -n 3", []string{"sh", "-c", "exit 42"}, 42, 3},
		{"its last one", fast + " -n 3", []string{"sh", "-c", "exit 1$RETRY_ATTEMPT"}, 13, 3},
		{"not found", fast, []string{"no-such-command-anywhere"}, 127, 1},
		{"not found by a shell", fast, []string{"sh", "-c", "no-such-command-anywhere"}, 127, 1},
		{"not found but listed", fast + " -n 3 --retry-on 127", []string{"no-such-command-anywhere"}, 127, 3},
		{"not executable", fast, []string{dir + "/plain"}, 126, 1},
		{"a directory", fast, []string{dir}, 126, 1},
		{"without its interpreter", fast, []string{dir + "/orphan"}, 127, 1},
		{"a script without a first line", fast + " -n 2", []string{dir + "/script"}, 7, 2},
		{"died of KILL", fast + " -n 3", []string{"sh", "-c", "kill -9 $$"}, 137, 3},
		{"died of SEGV", fast + " -n 2", []string{"sh", "-c", "kill -SEGV $$"}, 139, 2},
		{"attempt timed out", fast + " -n 2 -t 50ms", []string{"sleep", "60"}, 124, 2},
		{"timed out, whatever it exits with then", fast + " -n 2 -t 500ms", []string{"sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.01; done"}, 124, 2},
		{"the whole would time out in a delay", "-w 30m --delays 0,1h", []string{"sh", "-c", "exit 3"}, 124, 1},
		{"failed by its output alone", fast + " -n 2 --until never", []string{"echo", "text"}, 1, 2},
		{"kept succeeding", fast + " -n 2 --until-fails", []string{"true"}, 1, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			report := temp(t)
			r := run(t, test.args+" --report "+report, test.command...)
			r.is(t, test.code, strings.TrimPrefix(r.stdout, ""))
			if n := strings.Count(read(t, report), `{"attempt":`); n != test.attempts {
				t.Errorf("%d attempts, want %d; it said:\n%s", n, test.attempts, r.stderr)
			}
		})
	}
}

// An attempt that ended by itself counts after one that timed out; and the whole may time out in an attempt.
func TestExitCodeAfterATimeout(t *testing.T) {
	report := temp(t)
	inTime(t, 200*time.Millisecond, func(limit time.Duration) bool {
		r := sh(t, fast+" -n 2 -t "+limit.String()+" --report "+report, "[ $RETRY_ATTEMPT = 2 ] || sleep 60; exit 3")
		if strings.Count(read(t, report), `"timed_out":true`) == 2 {
			return false
		}
		r.is(t, 3, "")
		return true
	})
	inTime(t, 100*time.Millisecond, func(limit time.Duration) bool {
		run(t, "-w "+limit.String()+" --report "+report+" sleep 60").is(t, 124, "")
		return strings.Count(read(t, report), `{"attempt":`) == 1
	})
}

// A mistake in the flags is one line that says what and how, and nothing is run.
func TestMistakeInFlags(t *testing.T) {
	for _, test := range []struct {
		args, says string
	}{
		{"", "no command to run"},
		{"-n 3", "no command to run"},
		{"--", "no command to run"},
		{"-n 0 touch x", "-n: \"0\" is not a number of attempts"},
		{"-n -1 touch x", "not a number of attempts"},
		{"--attempts=many touch x", "use 1 or more, or unlimited"},
		{"-n", "-n needs a value: -n N"},
		{"--timeout", "--timeout needs a value: --timeout TIME"},
		{"-m 0 touch x", "say --delay 0"},
		{"--timeout -5s touch x", "is negative"},
		{"--timeout soon touch x", "250ms"},
		{"--timeout nan touch x", "not a duration"},
		{"--timeout 1e300 touch x", "not a duration"},
		{"--delays 0,,1 touch x", "\"\" is not a duration"},
		{"--backoff quadratic touch x", "not one of exponential, linear"},
		{"--retry-on 1,300 touch x", "\"300\" is not an exit code"},
		{"--retry-on 9-1 touch x", "\"9-1\" is not an exit code"},
		{"--stop-on time-out touch x", "timeout or signal"},
		{"--until ( touch x", "is not a regular expression"},
		{"--attemps 3 touch x", "did you mean --attempts?"},
		{"--frobnicate touch x", "there is no flag --frobnicate; see retry --help"},
		{"-Z touch x", "there is no flag -Z"},
		{"-qé touch x", "there is no flag -é"},
		{"--att 3 touch x", "did you mean --attempts?"},
		{"--retries 3 touch x", "did you mean --attempts?"},
		{"--retry-stdou x touch x", "did you mean --retry-stdout?"},
		{"--dely 3 touch x", "did you mean --delay?"},
		{"--no-quite touch x", "there is no flag --no-quite"},
		{"--quiet=yes touch x", "--quiet takes no value"},
		{"-q -v touch x", "contradict each other"},
		{"--until x --until-fails touch x", "use one of them"},
		{"-n 2 --consecutive 3 touch x", "can't be reached in 2 attempts"},
		{"--consecutive 11 touch x", "can't be reached in 10 attempts; raise --attempts"},
		{"--delays 0,1 --consecutive 3 touch x", "can't be reached in 2 attempts; raise --delays"},
		{"--delays 0,1 -i 5 touch x", "--delays and --initial contradict each other"},
		{"--delays 0,1 -m 5 touch x", "--delays and --max-delay"},
		{"--delays 0,1 -b linear touch x", "--delays and --backoff linear"},
		{"--delays 0,1 --delay 1 touch x", "--delays and --delay"},
		{"--delay 1 -i 5 touch x", "--delay and --initial"},
		{"-b constant -m 1 touch x", "--max-delay and --backoff constant"},
		{"-b decorrelated -j none touch x", "--jitter and --backoff decorrelated"},
		{"-d 10 -t 3 touch x", "say --delay 10s (and --attempts N for what other tools call -t N)"},
		{"--delays 5 touch x", "leaves no second one"},
		{"-n 3 -n 4 touch x", "-n is given twice, with \"3\" and with \"4\""},
		{"-t 3 --timeout 4 touch x", "--timeout is given twice"},
		{"--on-giveup hunter2 --on-giveup x touch x", "--on-giveup is given twice, with different ones"},
		{"-i 5m touch x", "--initial 5m is longer than --max-delay, which is 2m"},
		{"-b linear -m 3 -i 5 touch x", "--initial 5s is longer than --max-delay"},
		{"--reset-after 1h -t 1m touch x", "--reset-after and --timeout contradict"},
		{"--report y --log-file y touch x", "--report and --log-file contradict"},
		{"--report /nonexistent/r touch x", "--report: the file can't be written: open /nonexistent/r:"},
		{"--output all touch x", "stream, last, once"},
		{"--success-on 0 --until x touch x", "--success-on and --until contradict"},
		{"--success-on 0 --until-fails touch x", "--success-on and --until-fails contradict"},
		{"--success-on 0,7 --retry-on 5-9 touch x", "--success-on and --retry-on name the same outcome"},
		{"--success-on KILL --stop-on 5,KILL touch x", "--success-on and --stop-on name the same outcome"},
		{"--success-on timeout --stop-on timeout touch x", "name the same outcome"},
		{"--success-on none touch x", "\"none\" is not an exit code"},
		{"-q --log-file y touch x", "--quiet and --log-file contradict"},
		{"--log-file /nonexistent/r touch x", "--log-file: open /nonexistent/r:"},
		{"--delay-from again touch x", "has 0 groups, and needs one"},
		{"--delay-from (a)(b) touch x", "has 2 groups, and needs one"},
		{"--delay-from ( touch x", "is not a regular expression"},
		{"--delay-from (a) --file y touch x", "--delay-from is about a command that is run again"},
		{"--last-try touch x", "say --within TIME"},
		{"--follow touch x", "say --until REGEXP"},
		{"--follow --until x --tcp a:1 touch x", "with --tcp it is run once"},
		{"--tcp db touch x", "\"db\" is not HOST:PORT, such as db:5432"},
		{"--tcp db:no-such-service touch x", "has no port that is known here"},
		{"--tcp :80 touch x", "is not HOST:PORT"},
		{"--http example.com touch x", "not the URL of a page, such as https://"},
		{"--http ftp://user:hunter2@example.com touch x", "--http: that is not the URL of a page"},
		{"--file= touch x", "the name of the file is empty"},
		{"--tcp a:1 --until x touch x", "--until is about a command that is run again; with --tcp it is run once, when a:1 is there"},
		{"--retry-on 1 --file x touch x", "--retry-on is about a command that is run again; with --file"},
		{"--http http://a/?x -o last touch x", "--output is about a command that is run again; with --http it is run once, when a/ is there"},
		{"--budget a/b touch x", "\"a/b\" is not a name for a budget"},
		{"--budget .. touch x", "not a name for a budget"},
		{"--budget b -c 2 touch x", "--budget and --consecutive contradict"},
		{"--status touch x", "say retry --budget NAME --status"},
		{"--budget b --status touch x", "runs nothing"},
		{"--budget b --status -n 3", "--attempts has no effect there"},
		{"--budget b --plan --status", "--plan has no effect there"},
		{"--exhausted-code 256 touch x", "use 0 to 255"},
		{"--kill-signal BREAK touch x", "not the name of a signal here"},
	} {
		r := runWith(t, nil, nil, strings.Fields(test.args)...)
		if r.code != 125 || r.stdout != "" || strings.Count(r.stderr, "\n") != 1 {
			t.Errorf("retry %s: exit code %d, stdout %q, stderr %q; want 125 and one line", test.args, r.code, r.stdout, r.stderr)
		}
		r.says(t, test.says)
		if strings.Contains(r.stderr, "hunter2") {
			t.Errorf("retry %s: it says %s", test.args, r.stderr)
		}
		if _, err := os.Stat("x"); err == nil {
			os.Remove("x")
			t.Fatalf("retry %s: ran the command", test.args)
		}
	}
}

// The flags end at the first argument that isn't one, and nothing is done to the rest.
func TestArgumentsPassUntouched(t *testing.T) {
	odd := []string{"a b", "it's", `"q"`, "$HOME", "*", "", "-n", "--", "--help", "\n", "\xff\xfe", `\`, "é"}
	want := "[" + strings.Join(odd, "][") + "]"
	run(t, "", append([]string{"printf", "[%s]"}, odd...)...).is(t, 0, want)
	run(t, "-n 3 --", append([]string{"printf", "[%s]"}, odd...)...).is(t, 0, want)
	run(t, "-qn3 --delays=0,0", append([]string{"printf", "[%s]"}, odd...)...).is(t, 0, want)
}

// RETRY_OPTS says the same as flags, which win.
func TestSettingsFromEnvironment(t *testing.T) {
	script := []string{"sh", "-c", "echo run; exit 5"}
	runWith(t, nil, []string{"RETRY_OPTS=-n 3 --initial 1ms"}, script...).is(t, 5, "run\nrun\nrun\n")
	runWith(t, nil, []string{"RETRY_OPTS=-n 3 --initial 1ms"}, append([]string{"-n", "2"}, script...)...).is(t, 5, "run\nrun\n")
	r := runWith(t, nil, []string{`RETRY_OPTS=--until 'two words' -n1`}, "echo", "two words")
	r.is(t, 0, "two words\n")
	for opts, says := range map[string]string{
		"--nope":   "RETRY_OPTS: there is no flag --nope",
		"-n 3 cmd": `RETRY_OPTS: word 3 is not a flag`,
		"-n '3":    "RETRY_OPTS: a quotation that starts with ' doesn't end",
	} {
		r := runWith(t, nil, []string{"RETRY_OPTS=" + opts}, "true")
		r.is(t, 125, "")
		r.says(t, says)
	}
}

// The simple form of the first release, as it is on the first page of the manual.
func TestFailsTwiceThenWorks(t *testing.T) {
	n := temp(t)
	r := sh(t, "-n 5 --delays 0,1ms,1ms --", "echo x >> "+n+"; [ $(wc -l < "+n+") = 3 ] && echo done")
	r.is(t, 0, "done\n")
	r.says(t, "attempt 1 of 5: exit code 1 after", "attempt 2 of 5", "success at attempt 3 after")
}

// What the command is told, and the key that's the same for all attempts and no other call.
func TestEnvironmentOfTheCommand(t *testing.T) {
	script := `echo $RETRY_ATTEMPT/$RETRY_ATTEMPTS/${RETRY_LAST_CODE-none}; echo $RETRY_ID $RETRY_ELAPSED >&2; [ $RETRY_ATTEMPT = 1 ] && sleep 1; exit $((RETRY_ATTEMPT + 4))`
	began := time.Now()
	r := runWith(t, nil, []string{"RETRY_LAST_CODE=99", "RETRY_ID=outer"}, "-q", "-n3", "-i1ms", "sh", "-c", script)
	took := time.Since(began)
	r.is(t, 7, "1/3/none\n2/3/5\n3/3/6\n")
	ids := strings.Fields(r.stderr) // each with what had elapsed
	if len(ids) != 6 || ids[0] != ids[2] || ids[2] != ids[4] || len(ids[0]) < 20 {
		t.Fatalf("RETRY_ID: %q", ids)
	}
	if last, err := strconv.Atoi(ids[5]); ids[3] == "0" || err != nil || last < 1 || last > int(took.Seconds()) {
		t.Errorf("RETRY_ELAPSED: %q, in %v", ids, took)
	}
	other := sh(t, "-q -n unlimited --stop-on 1", "echo $RETRY_ATTEMPTS; echo $RETRY_ID >&2; exit 1")
	other.is(t, 1, "unlimited\n")
	if strings.TrimSpace(other.stderr) == ids[0] {
		t.Error("two calls have the same RETRY_ID")
	}
	// A timeout is 124 to the next attempt, too, and a signal 128+n.
	inTime(t, 200*time.Millisecond, func(limit time.Duration) bool {
		report := temp(t)
		r := sh(t, "-q -n 3 -i 1ms --report "+report+" -t "+limit.String(), `echo ${RETRY_LAST_CODE-none}; [ $RETRY_ATTEMPT = 1 ] && sleep 60; kill -9 $$`)
		if strings.Count(r.stdout, "\n") < 3 || strings.Count(read(t, report), `"timed_out":true`) > 1 {
			return false
		}
		r.is(t, 137, "none\n124\n137\n")
		return true
	})
}

// The command may say how long to wait: it only ever makes the delay longer.
func TestDelayThatTheCommandAsksFor(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	r := sh(t, "-n 2 -i 1ms --log json", `echo 0.3 > "$RETRY_AFTER_FILE"; exit 1`)
	r.is(t, 1, "")
	r.says(t, `"delay_seconds":0.3`)
	if left, _ := os.ReadDir(os.TempDir()); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	// One that asks for too much for the time there is ends it at once, saying so.
	r = sh(t, "-n 2 --within 30m", `echo 3600 > "$RETRY_AFTER_FILE"; exit 9`)
	r.is(t, 124, "")
	r.says(t, "asks to wait 1h, with")
	r = sh(t, "-n 2", `echo 3600 > "$RETRY_AFTER_FILE"; exit 9`)
	r.is(t, 9, "")
	r.says(t, "asks to wait 1h, more than the 5m that a call without a limit")
	// It doesn't shorten a delay, and nonsense is said and ignored.
	r = sh(t, "-n 2 --delays 0,200ms --log json", `echo 0 > "$RETRY_AFTER_FILE"; exit 1`)
	r.says(t, `"delay_seconds":0.2`)
	r = sh(t, "-n 2 -i 1ms", `echo soon > "$RETRY_AFTER_FILE"; exit 1`)
	r.says(t, `$RETRY_AFTER_FILE: it's neither a duration`, "attempt 2 of 2")
	// The file is where it says, wherever the command goes.
	t.Chdir(t.TempDir())
	t.Setenv("TMPDIR", ".")
	r = sh(t, "-n 2 -i 1ms --log json", `cd /; echo 0.3 > "$RETRY_AFTER_FILE"; exit 1`)
	r.says(t, `"delay_seconds":0.3`)
	if left, _ := os.ReadDir("."); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A run that lasted long starts the schedule afresh: the attempts are counted from there.
func TestResetAfter(t *testing.T) {
	n, report := temp(t), temp(t)
	r := sh(t, "-q -n 3 -i 1ms --reset-after 1s --report "+report, "echo x >> "+n+"; [ $(wc -l < "+n+") = 2 ] && sleep 1.1; echo $RETRY_ATTEMPT; exit 1")
	var got struct {
		Attempts []struct {
			Duration float64 `json:"duration_seconds"`
		}
	}
	if err := json.Unmarshal([]byte(read(t, report)), &got); err != nil || len(got.Attempts) < 4 || got.Attempts[1].Duration < 1.1 {
		t.Fatalf("%v: %s", err, read(t, report))
	}
	want, number := "", 1
	for _, a := range got.Attempts { // the others may be slow as well
		want += fmt.Sprintln(number)
		if number++; a.Duration >= 1 {
			number = 2
		}
	}
	r.is(t, 1, want)
	if !strings.HasSuffix(want, "\n3\n") {
		t.Errorf("it ended after %q", want)
	}
}

// No delay is begun that would end too late, and none is waited for in vain.
func TestNoHopelessWaiting(t *testing.T) {
	r := sh(t, "--within 30m --delays 0,1h", "exit 3")
	r.is(t, 124, "") // the test would take half an hour otherwise
	r.says(t, "gave up: no time left: the next delay is 1h, with")
}

func TestConsecutive(t *testing.T) {
	n := temp(t)
	script := "echo x >> " + n + "; case $(wc -l < " + n + ") in 1|2|4|5|6) exit 0;; *) exit 1;; esac"
	r := sh(t, "-n 9 -i 1ms --consecutive 3 --report "+n+".json", script)
	r.is(t, 0, "")
	if got := strings.Count(read(t, n), "x"); got != 6 {
		t.Errorf("%d attempts, want 6: two, a failure, and three in a row", got)
	}
	os.Remove(n)
	r = sh(t, "-n 5 -i 1ms --consecutive 3", script)
	r.is(t, 1, "")
	r.says(t, "success, 2 of 3 in a row")
}

// Hundreds of failures in a row leave nothing behind: no descriptor, no process, no time.
func TestManyFastFailures(t *testing.T) {
	r := sh(t, "-q -n 300 --initial 0", "set -- /proc/self/fd/*; echo $RETRY_ATTEMPT $#; exit 6")
	lines := strings.Split(strings.TrimSpace(r.stdout), "\n")
	if r.code != 6 || len(lines) != 300 {
		t.Fatalf("exit code %d after %d runs: %s", r.code, len(lines), r.stderr)
	}
	for i, l := range lines {
		if l != strconv.Itoa(i+1)+strings.TrimPrefix(lines[0], "1") {
			t.Fatalf("run %d has more open than the first: %q, %q", i+1, l, lines[0])
		}
	}
}
