//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
)

const time0 = `\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} `

// What is said goes to the end of the file, with times, and nothing of it to standard error but our own errors.
func TestLogFile(t *testing.T) {
	log := temp(t)
	os.WriteFile(log, []byte("before\n"), 0o600)
	r := sh(t, "-n 2 -i 0 --log-file "+log, "echo err >&2; exit 3")
	if r.code != 3 || r.stderr != "err\nerr\n" {
		t.Errorf("exit code %d, stderr %q", r.code, r.stderr)
	}
	want := `^before\nretry: ` + time0 + `attempt 1 of 2: exit code 3 after .*; next at once\nretry: ` + time0 + `attempt 2 of 2: exit code 3 after .*; gave up after .*: attempts used up\n$`
	if got := read(t, log); !regexp.MustCompile(want).MatchString(got) {
		t.Errorf("%q", got)
	}
	os.Remove(log)
	sh(t, "-n 2 -i 0 --log json --log-file "+log, "exit 3").is(t, 3, "")
	for line := range strings.Lines(read(t, log)) {
		if !json.Valid([]byte(line)) {
			t.Errorf("%q", line)
		}
	}
	r = run(t, "--log-file "+log+" --report /nonexistent/r true")
	r.is(t, 125, "")
	r.says(t, "--report: the file can't be written")
	if !strings.Contains(read(t, log), "--report: the file can't be written") {
		t.Error("our own error isn't in the log")
	}
	r = sh(t, "-n 1 --log-file -", "exit 3")
	if r.code != 3 || r.stderr != "" || !strings.Contains(r.stdout, "gave up") {
		t.Errorf("exit code %d, stdout %q, stderr %q", r.code, r.stdout, r.stderr)
	}
	// Many write to one file, each line whole.
	os.Remove(log)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { exec.Command(binary, "-n", "20", "-i", "0", "--log-file", log, "false").Run() })
	}
	all.Wait()
	got := read(t, log)
	if n := len(regexp.MustCompile(`(?m)^retry: `+time0+`attempt \d+ of 20: exit code 1 after \d+.*$`).FindAllString(got, -1)); n != 160 || strings.Count(got, "\n") != 160 {
		t.Errorf("%d whole lines of %d", n, strings.Count(got, "\n"))
	}
}

// A log that can't be written is an error of our own, before anything is run or after it; none is written to what was planted.
func TestLogFileThatCannotBeWritten(t *testing.T) {
	fifo := temp(t)
	syscall.Mkfifo(fifo, 0o600)
	r := run(t, "--log-file "+fifo+" echo ran")
	r.is(t, 125, "")
	r.says(t, "nobody reads "+fifo)
	if _, err := os.Stat("/dev/full"); err == nil {
		r = sh(t, "-n 1 --log-file /dev/full", "echo ran; exit 3")
		r.is(t, 125, "ran\n")
		r.says(t, "the log can't be written", "no space left")
	}
	if os.Geteuid() != 0 {
		return // only root can give a file to somebody else
	}
	dir := t.TempDir()
	os.Chmod(dir, 0o777|os.ModeSticky)
	os.WriteFile(dir+"/file", []byte("theirs"), 0o666)
	os.Symlink(fifo, dir+"/link")
	for _, name := range []string{"file", "link"} {
		os.Lchown(dir+"/"+name, 12345, 12345)
		run(t, "--log-file "+dir+"/"+name+" echo ran").says(t, "belongs to another user")
	}
}

// Each line says of which attempt it is, and with -v when; lines of both outputs stay whole, and so does one without an end.
func TestPrefix(t *testing.T) {
	r := sh(t, "-q -n 3 -i 0 -o prefix", `printf 'a\n\nb'; echo e >&2; [ $RETRY_ATTEMPT = 2 ]`)
	r.is(t, 0, "[1/3] a\n[1/3] \n[1/3] b\n[2/3] a\n[2/3] \n[2/3] b\n")
	if r.stderr != "[1/3] e\n[2/3] e\n" {
		t.Errorf("stderr %q", r.stderr)
	}
	sh(t, "-q -n unlimited -o prefix", "echo a").is(t, 0, "[1] a\n")
	sh(t, "-q -n 1 -o prefix --stop-stdout x", `:`).is(t, 0, "")
	r = sh(t, "-v -n 1 -o prefix", "echo a; echo b")
	if !regexp.MustCompile(`^` + time0 + `\[1/1\] a\n` + time0 + `\[1/1\] b\n$`).MatchString(r.stdout) {
		t.Errorf("%q", r.stdout)
	}
	if !regexp.MustCompile(`^retry: ` + time0 + `attempt 1 of 1: starting sh\nretry: ` + time0 + `success at attempt 1`).MatchString(r.stderr) {
		t.Errorf("%q", r.stderr)
	}
	// Both at the same place: their order is kept, and no line is torn, however they are written.
	cmd := exec.Command(binary, "-n", "1", "-q", "-o", "prefix", "sh", "-c", `for i in 1 2 3; do printf o; printf 'ut\n'; echo err >&2; done`)
	out, _ := cmd.CombinedOutput()
	if got := string(out); got != strings.Repeat("[1/1] out\n[1/1] err\n", 3) {
		t.Errorf("%q", got)
	}
	// A line without end takes no more memory than its beginning.
	p := given(t, "-n 2")
	var b bytes.Buffer
	w := (&call{options: p, most: 2}).newPrefixer(&b, 1)
	for range 100 {
		w.Write(bytes.Repeat([]byte("x"), longestLine))
		if len(w.text) > longestLine {
			t.Fatalf("%d bytes are kept", len(w.text))
		}
	}
	w.end()
	if want := "[1/2] " + strings.Repeat("x", 100*longestLine) + "\n"; b.String() != want {
		t.Errorf("%d bytes, want %d", b.Len(), len(want))
	}
}

// The plan for machines is that for people.
func TestPlanJSON(t *testing.T) {
	for args, want := range map[string]string{
		"-n 3 -t 5 -w 1m":  `{"attempts":3,"delays":[{"attempt":1,"least_seconds":0,"most_seconds":0},{"attempt":2,"least_seconds":0,"most_seconds":1},{"attempt":3,"least_seconds":0,"most_seconds":2}],"most_waiting_seconds":3,"mean_waiting_seconds":1.5,"most_seconds":18,"timeout_seconds":5,"within_seconds":60}`,
		"-n 2 --delay 0":   `{"attempts":2,"delays":[{"attempt":1,"least_seconds":0,"most_seconds":0},{"attempt":2,"least_seconds":0,"most_seconds":0}],"most_waiting_seconds":0,"mean_waiting_seconds":0,"most_seconds":null}`,
		"-n unlimited -m1": `{"attempts":null,"delays":[{"attempt":1,"least_seconds":0,"most_seconds":0},{"attempt":2,"least_seconds":0,"most_seconds":1}],"most_waiting_seconds":null,"mean_waiting_seconds":null,"most_seconds":null}`,
	} {
		run(t, "--plan --log json "+args).is(t, 0, want+"\n")
	}
}
