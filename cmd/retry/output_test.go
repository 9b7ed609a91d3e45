//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const twice = `echo out $RETRY_ATTEMPT; echo err $RETRY_ATTEMPT >&2; [ $RETRY_ATTEMPT = 2 ]`

func TestOutputModes(t *testing.T) {
	for _, test := range []struct {
		args, script   string
		code           int
		stdout, stderr string
	}{
		{"", twice, 0, "out 1\nout 2\n", "err 1\nerr 2\n"},
		{"-o stream", twice, 0, "out 1\nout 2\n", "err 1\nerr 2\n"},
		{"-o last", twice, 0, "out 2\n", "err 2\n"},
		{"-o once", twice, 0, "out 2\n", "err 1\nout 1\nerr 2\n"},
		// The same without success.
		{"-n 2", twice + " && false", 1, "out 1\nout 2\n", "err 1\nerr 2\n"},
		{"-n 2 -o last", twice + " && false", 1, "out 2\n", "err 2\n"},
		{"-n 2 -o once", twice + " && false", 1, "", "err 1\nout 1\nerr 2\nout 2\n"},
		// Patterns make no difference to what is seen.
		{"--stop-stdout never", twice, 0, "out 1\nout 2\n", "err 1\nerr 2\n"},
		{"--stop-stderr never", twice, 0, "out 1\nout 2\n", "err 1\nerr 2\n"},
		{"--stop-stderr never -o once", twice, 0, "out 2\n", "err 1\nout 1\nerr 2\n"},
	} {
		r := sh(t, "-q -i 1ms "+test.args, test.script)
		r.is(t, test.code, test.stdout)
		if r.stderr != test.stderr {
			t.Errorf("%s: stderr %q, want %q", test.args, r.stderr, test.stderr)
		}
	}
}

// In --output last both outputs come as they came, in turns.
func TestLastKeepsTheOrder(t *testing.T) {
	cmd := exec.Command(binary, "-n", "1", "-o", "last", "sh", "-c", "for i in 1 2 3; do echo o$i; sleep 0.1; echo e$i >&2; sleep 0.1; done")
	both, err := cmd.CombinedOutput()
	if err != nil || string(both) != "o1\ne1\no2\ne2\no3\ne3\n" {
		t.Errorf("%q, %v", both, err)
	}
}

// A command's own 125 is not our error: its output gets out, and -q is quiet.
func TestOwn125(t *testing.T) {
	r := sh(t, "-q -n 2 -i 0 -o last", "echo out; exit 125")
	r.is(t, 125, "out\n")
	if r.stderr != "" {
		t.Errorf("-q: %q", r.stderr)
	}
}

// Binary output passes through every mode byte for byte, in any amount.
func TestBinaryOutput(t *testing.T) {
	name := temp(t)
	data := binaryData(5 << 20)
	os.WriteFile(name, data, 0o600)
	for _, args := range []string{"", "-o last", "-o once", "--stop-stdout zzzzzzzzzz", "-o once --until $"} {
		r := run(t, "-n 1 "+args, "cat", name)
		if r.code != 0 || r.stdout != string(data) {
			t.Errorf("%q: exit code %d, %d bytes of %d, %s", args, r.code, len(r.stdout), len(data), r.stderr)
		}
	}
}

// Which failures are worth another attempt.
func TestConditions(t *testing.T) {
	for _, test := range []struct {
		args, script   string
		code, attempts int
	}{
		{"--retry-on 75", "exit 75", 75, 3},
		{"--retry-on 75", "exit 1", 1, 1},
		{"--retry-on 1,70-79,100", "exit 74", 74, 3},
		{"--retry-on 1,70-79,100", "exit 80", 80, 1},
		{"--stop-on 2,127", "exit 2", 2, 1},
		{"--stop-on 2,127", "exit 3", 3, 3},
		{"--retry-on 1-9 --stop-on 5", "exit 5", 5, 1},
		{"--retry-on 1-9 --stop-on 5", "exit 6", 6, 3},
		{"--retry-on timeout -t 200ms", "sleep 60", 124, 3},
		{"--retry-on timeout -t 30s", "exit 124", 124, 1},
		{"--retry-on 124 -t 200ms", "sleep 60", 124, 3}, // it is what we end with
		{"--stop-on 100-130 -t 200ms", "sleep 60", 124, 1},
		{"--retry-on 7,timeout -t 30s", "exit 7", 7, 3}, // the two work together
		{"--stop-on timeout -t 200ms", "sleep 60", 124, 1},
		{"--stop-on timeout -t 30s", "exit 1", 1, 3},
		{"--retry-on signal", "kill -9 $$", 137, 3},
		{"--retry-on 137", "kill -9 $$", 137, 3},
		{"--retry-on 137", "exit 137", 137, 3},
		{"--stop-on 137", "kill -9 $$", 137, 1},
		{"--stop-on 130-140", "kill -9 $$", 137, 1},
		{"--stop-on KILL", "kill -9 $$", 137, 1},
		{"--stop-on SIGKILL", "exit 137", 137, 3},
		{"--stop-on sigterm,KILL", "kill -TERM $$", 143, 1},
		{"--retry-on SIGKILL", "kill -TERM $$", 143, 1},
		{"--retry-on 1 --retry-on 2", "exit 1", 1, 3},
		{"--retry-on 1 --retry-on 2", "exit 2", 2, 3},
		{"--stop-on 1 --stop-on 2", "exit 1", 1, 1},
		{"--retry-stderr busy --retry-stderr later", "echo busy >&2; exit 1", 1, 3},
		{"--retry-stderr busy --retry-stderr later", "echo later >&2; exit 1", 1, 3},
		{"--until one --until two", "echo one; exit 1", 0, 1},
		{"--retry-on signal", "exit 137", 137, 1},
		{"--stop-on signal", "kill -9 $$", 137, 1},
		{"--retry-on 0", "exit 0", 1, 3},
		{"--retry-on 0", "exit 3", 3, 1},
		{"--retry-stdout 'try.later'", "echo; echo please try later; exit 1", 1, 3},
		{"--retry-stdout 'try.later'", "echo no; exit 1", 1, 1},
		{"--retry-stdout 503", "echo HTTP 503", 1, 3}, // curl without -f exits with 0
		{"--retry-stderr ^busy$", "echo very busy >&2; exit 1", 1, 1},
		{"--retry-stderr ^busy$", "echo very; echo >&2; echo busy >&2; exit 1", 1, 3},
		{"--retry-stderr busy", "echo busy; exit 1", 1, 1},
		{"--retry-on 4 --retry-stderr busy", "echo busy >&2; exit 1", 1, 3},
		{"--retry-on 4 --retry-stderr busy", "exit 4", 4, 3},
		{"--stop-stdout denied", "echo access denied; exit 1", 1, 1},
		{"--stop-stdout denied", "echo access denied >&2; exit 1", 1, 3},
		{"--stop-stderr denied", "echo access denied >&2; exit 1", 1, 1},
		{"--stop-stderr denied --retry-on 1", "echo access denied >&2; exit 1", 1, 1},
		{"--stop-stdout denied", "echo access denied", 0, 1}, // a success is a success
		{"--until ready", "[ $RETRY_ATTEMPT = 2 ] && echo ready", 0, 2},
		{"--until ready", "echo ready >&2; exit 9", 0, 1},
		{"--until ready", "echo; exit 9", 9, 3},
		{"--until ready", "echo ready; kill -9 $$", 137, 3},
		{"--until ready -t 500ms", "echo ready; sleep 60", 124, 3},
		{"--until-fails", "[ $RETRY_ATTEMPT != 3 ]", 0, 3},
		{"--success-on 0,24", "exit 24", 0, 1},
		{"--success-on 0,24", "exit 0", 0, 1},
		{"--success-on 0,24", "exit 23", 23, 3},
		{"--success-on 24", "exit 0", 1, 3}, // 0 isn't listed
		{"--success-on PIPE --success-on 3", "kill -PIPE $$", 0, 1},
		{"--success-on timeout -t 200ms", "sleep 60", 0, 1}, // it has stayed up
		{"--success-on timeout -t 30s", "exit 0", 1, 3},
		{"--success-on 3 --retry-stdout busy", "echo busy; exit 3", 3, 3},
		{"--success-on 3 --stop-on 1", "exit $((4 - RETRY_ATTEMPT))", 0, 1},
		{"--success-on 127", "no-such-command-anywhere", 0, 1}, // as the shell says it; nothing of ours is missing
		{"--exhausted-code 9", "exit 3", 9, 3},
		{"--exhausted-code 0", "exit 3", 0, 3},
		{"--exhausted-code 9", "exit 0", 0, 1},
		{"--exhausted-code 9 -t 100ms", "sleep 60", 9, 3},
		{"--exhausted-code 9 --stop-on 3", "exit 3", 3, 1},                                   // it hasn't given up
		{"--exhausted-code 9 --within 30m", "echo 3600 > $RETRY_AFTER_FILE; exit 3", 124, 1}, // that is time
		{"--exhausted-code 9", "echo 3600 > $RETRY_AFTER_FILE; exit 3", 9, 1},
		{"--until-fails -t 200ms", "sleep 60", 124, 3},
	} {
		report := temp(t)
		args := strings.Fields("-q -n 3 -i 1ms --report " + report)
		opts := "RETRY_OPTS=" + test.args
		r := runWith(t, nil, []string{opts}, append(args, "sh", "-c", test.script)...)
		if n := strings.Count(read(t, report), `{"attempt":`); r.code != test.code || n != test.attempts {
			t.Errorf("%s: %q: exit code %d after %d attempts; want %d after %d; %s", test.args, test.script, r.code, n, test.code, test.attempts, r.stderr)
		}
	}
}

// A reader that goes away, as head does, ends it: nobody would see another attempt.
func TestReaderGone(t *testing.T) {
	for _, args := range []string{"", "-o last", "-o once", "--stop-stdout never"} {
		cmd := exec.Command("sh", "-c", `"$0" -v -n 5 --delays 0,1h `+args+` sh -c 'i=0; while [ $i -lt 30000 ]; do echo $i; i=$((i+1)); done' 2>&1 >&3 | cat >&2`, binary)
		r, w, _ := os.Pipe()
		var said strings.Builder
		cmd.ExtraFiles, cmd.Stderr = []*os.File{w}, &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		w.Close()
		r.Read(make([]byte, 10))
		r.Close()
		done := make(chan error, 1)
		go func() { done <- cmd.Wait() }()
		select {
		case <-done:
		case <-time.After(time.Minute):
			cmd.Process.Kill()
			t.Errorf("%q: it waits for another attempt; it said:\n%s", args, said.String())
		}
	}
}

// Output that can't be written is an error, not a success whose output is lost.
func TestOutputToFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full")
	}
	defer full.Close()
	for _, args := range []string{"-o last", "-o once", "--stop-stdout never"} {
		cmd := exec.Command(binary, append(strings.Fields("-i 1ms "+args), "echo", "text")...)
		var said strings.Builder
		cmd.Stdout, cmd.Stderr = full, &said
		cmd.Run()
		if code := cmd.ProcessState.ExitCode(); code != 125 || !strings.Contains(said.String(), "no space left") {
			t.Errorf("%s: exit code %d; it said %q", args, code, said.String())
		}
	}
}

// The report has every attempt and why it ended, on every way out.
func TestReport(t *testing.T) {
	type report struct {
		ID       string
		Start    time.Time
		Attempts []struct {
			Attempt  int
			Start    time.Time
			Duration float64 `json:"duration_seconds"`
			Delay    float64 `json:"delay_seconds"`
			ExitCode *int    `json:"exit_code"`
			Signal   string
			TimedOut bool `json:"timed_out"`
			Reason   string
		}
		Total struct {
			Attempts int
			Duration float64 `json:"duration_seconds"`
			Running  float64 `json:"running_seconds"`
			Waiting  float64 `json:"waiting_seconds"`
		}
		Ended, Why string
		ExitCode   int `json:"exit_code"`
	}
	name := temp(t)
	os.WriteFile(name, []byte("an older one"), 0o640)
	script := `case $RETRY_ATTEMPT in 1) exit 7;; 2) kill -9 $$;; 3) sleep 60;; 4) sleep 0.05;; esac`
	var got report
	inTime(t, 500*time.Millisecond, func(limit time.Duration) bool {
		r := sh(t, "-t "+limit.String()+" --delays 0,50ms,1ms,1ms,1ms --report "+name, script)
		if strings.Count(read(t, name), `"timed_out":true`) > 1 {
			return false
		}
		r.is(t, 0, "")
		if err := json.Unmarshal([]byte(read(t, name)), &got); err != nil {
			t.Fatalf("%v in:\n%s", err, read(t, name))
		}
		return true
	})
	a := got.Attempts
	if len(a) != 4 || a[0].ExitCode == nil || *a[0].ExitCode != 7 || a[0].Reason != "exit code 7" || a[0].Delay != 0 ||
		a[1].Signal != "SIGKILL" || a[1].ExitCode != nil || a[1].Delay < 0.05 || !a[2].TimedOut || !strings.HasPrefix(a[2].Reason, "timed out after") ||
		a[3].ExitCode == nil || *a[3].ExitCode != 0 || a[3].Reason != "success" || a[3].Duration < 0.05 || a[3].Attempt != 4 {
		t.Errorf("attempts: %s", read(t, name))
	}
	total := got.Total
	if total.Attempts != 4 || total.Duration < 0.6 || total.Running < 0.55 || total.Waiting < 0.05 || total.Duration < total.Running ||
		got.Ended != "succeeded" || got.ExitCode != 0 || got.ID == "" || a[3].Start.Before(got.Start) {
		t.Errorf("totals: %s", read(t, name))
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("its mode has changed: %v, %v", info.Mode(), err)
	}
	for args, want := range map[string]struct {
		ended string
		code  int
		tries int
	}{
		"-n 2 -i 1ms false":                   {"exhausted", 1, 2},
		"--stop-on 1 false":                   {"stopped", 1, 1},
		"no-such-command-anywhere":            {"stopped", 127, 1},
		"--within LIMIT sleep 60":             {"timeout", 124, 1},
		"--within 30m --delays 1h,1 true":     {"timeout", 124, 0},
		"--delays 0,1h --stop-on 1-9 sh -c x": {"stopped", 127, 1},
	} {
		os.Remove(name)
		var r result
		var got report
		inTime(t, 200*time.Millisecond, func(limit time.Duration) bool {
			r = run(t, "--report "+name+" "+strings.Replace(args, "LIMIT", limit.String(), 1))
			got = report{}
			if err := json.Unmarshal([]byte(read(t, name)), &got); err != nil {
				t.Fatalf("%s: %v", args, err)
			}
			return len(got.Attempts) > 0 || !strings.Contains(args, "LIMIT")
		})
		if got.Ended != want.ended || got.ExitCode != want.code || r.code != want.code || got.Total.Attempts != want.tries || len(got.Attempts) != want.tries || got.Why == "" {
			t.Errorf("%s: exit code %d, %s", args, r.code, read(t, name))
		}
	}
	if others, _ := filepath.Glob(filepath.Dir(name) + "/.*"); len(others) != 0 {
		t.Errorf("left behind: %v", others)
	}
}

// A report isn't made instead of what it was to be written to.
func TestReportToWhatIsNoFile(t *testing.T) {
	r := sh(t, "-q -n 1 --report /dev/stdout", "exit 4")
	if r.code != 4 || !strings.Contains(r.stdout, `"exit_code": 4`) {
		t.Errorf("exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	dir := t.TempDir()
	for _, name := range []string{"-", "/dev/stdout", "/dev/fd/1"} {
		exec.Command("sh", "-c", `{ echo before; "$0" -q --report `+name+` echo text; } >`+dir+`/out`, binary).Run()
		if got := read(t, dir+"/out"); !strings.HasPrefix(got, "before\n{") || !strings.Contains(got, "text\n") || !strings.Contains(got, `"exit_code": 0`) {
			t.Errorf("--report %s: %q", name, got)
		}
	}
	os.WriteFile(dir+"/real", nil, 0o600)
	os.Symlink("real", dir+"/link")
	sh(t, "-q -n 1 --report "+dir+"/link", "exit 4").is(t, 4, "")
	if info, _ := os.Lstat(dir + "/link"); info.Mode()&os.ModeSymlink == 0 || !strings.Contains(read(t, dir+"/real"), `"exit_code": 4`) {
		t.Errorf("the link was replaced: %v, %q", info.Mode(), read(t, dir+"/real"))
	}
}

// Every line of --log json is an object with the facts, and -q says nothing.
func TestWhatIsSaid(t *testing.T) {
	r := sh(t, "-n 2 --delays 0,1ms --log json -v", "exit $((RETRY_ATTEMPT + 6))")
	var msgs []string
	for line := range strings.Lines(r.stderr) {
		var e map[string]any
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		msgs = append(msgs, fmt.Sprintf("%v %v %v %v %v", e["msg"], e["attempt"], e["exit_code"], e["why"], e["code"]))
	}
	if got, want := strings.Join(msgs, ";"), "starting 1 <nil> <nil> <nil>;retrying 1 7 <nil> <nil>;starting 2 <nil> <nil> <nil>;gave up 2 8 attempts used up 8"; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	r = sh(t, "-q -n 2 -i 1ms", "exit 7")
	if r.stderr != "" {
		t.Errorf("-q: %q", r.stderr)
	}
	sh(t, "-v", "exit 0").says(t, " attempt 1 of 10: starting sh\nretry: ", " success at attempt 1 after ")
	if r = sh(t, "", "exit 0"); r.stderr != "" {
		t.Errorf("a success at once isn't silent: %q", r.stderr)
	}
	// Not a terminal: no live line, no control characters.
	if r = sh(t, "--delays 0,1s", "exit 7"); strings.ContainsAny(r.stderr, "\r\x1b") {
		t.Errorf("%q", r.stderr)
	}
	// The arguments may hold a password.
	report := temp(t)
	r = run(t, "-v -n 2 -i 1ms --report "+report, "sh", "-c", "exit 7", "secret")
	if strings.Contains(r.stderr+read(t, report), "secret") {
		t.Errorf("says the arguments: %s%s", r.stderr, read(t, report))
	}
}

func TestHooks(t *testing.T) {
	log := temp(t)
	hook := "echo $1 $RETRY_ATTEMPT $RETRY_LAST_CODE $RETRY_REASON: $RETRY_FAILURE $RETRY_DELAY >> " + log + "; cat; echo noise"
	args := []string{"-q", "--delays", "0,1ms,1ms", "--on-retry", "set retry; " + hook, "--on-giveup", "set giveup; " + hook, "sh", "-c"}
	input := "the command's input"
	r := runWith(t, onlyReader{strings.NewReader(input)}, nil, append(args, "exit 7")...)
	r.is(t, 7, "") // what hooks write isn't the command's output
	if got, want := read(t, log), "retry 1 7 retrying: exit code 7 0.001\nretry 2 7 retrying: exit code 7 0.001\ngiveup 3 7 exhausted: exit code 7\n"; got != want {
		t.Errorf("hooks ran as %q, want %q", got, want)
	}
	os.Remove(log)
	r = runWith(t, onlyReader{strings.NewReader(input)}, nil, append(args, "[ $RETRY_ATTEMPT = 2 ] && cat")...)
	r.is(t, 0, input)
	if got, want := read(t, log), "retry 1 1 retrying: exit code 1 0.001\n"; got != want {
		t.Errorf("hooks ran as %q, want %q: none after a success", got, want)
	}
	// A failing hook is said, and makes no difference.
	r = runWith(t, nil, nil, "-n", "2", "-i", "1ms", "--on-retry", "exit 3", "sh", "-c", "exit 7")
	r.is(t, 7, "")
	r.says(t, "the hook of --on-retry failed: exit code 3")
	// So it does if there was no attempt at all.
	os.Remove(log)
	r = run(t, "-q --within 30m --delays 1h,1 --on-giveup", "echo $RETRY_ATTEMPT $RETRY_REASON >> "+log, "true")
	r.is(t, 124, "")
	if got := read(t, log); got != "0 timeout\n" {
		t.Errorf("the hook ran as %q", got)
	}
	// --within is for hooks as well.
	r = run(t, "--within 500ms -i 1ms --grace 300ms --on-retry", "sleep 300", "false")
	r.is(t, 124, "")
	// A signal ends a hook, too, and whatever it has started.
	ready := temp(t)
	hooked := start(t, "-i 1ms --grace 300ms --on-retry", "echo > "+ready+"; sleep 300 & sleep 300", "false")
	eventually(t, "the hook", has(ready, "\n"))
	hooked.signal(15)
	hooked.end().is(t, 143, "")
}

// A command that ends with a code of its own when nobody reads any more isn't run again.
func TestOwnCodeWhenNobodyReads(t *testing.T) {
	for what, ends := range map[string]func() (*os.File, *os.File, error){"a pipe": os.Pipe, "a socket": func() (*os.File, *os.File, error) {
		fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
		return os.NewFile(uintptr(fds[0]), "ours"), os.NewFile(uintptr(fds[1]), "the command's"), err
	}} {
		r, w, err := ends()
		if err != nil {
			t.Fatal(err)
		}
		runs := temp(t)
		cmd := exec.Command(binary, "-q", "--delay", "1ms", "-n", "5", "sh", "-c", "echo run >> "+runs+"; trap '' PIPE; echo text 2>/dev/null || exit 23")
		cmd.Stdout = w
		r.Close()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		w.Close()
		if got := ended(t, cmd); got.code != 23 || read(t, runs) != "run\n" {
			t.Errorf("%s: exit code %d after %q", what, got.code, read(t, runs))
		}
	}
}
