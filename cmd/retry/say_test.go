//go:build unix

package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// What is lost of what the command leaves behind is said.
func TestLostIsSaid(t *testing.T) {
	r := run(t, "-n 1 -g 0 --", "bash", "-c", "echo text > >(sleep 300; cat)")
	r.is(t, 0, "")
	r.says(t, "left processes running, which were ended after 0s; what they had still to do or to write is lost")
	if r := run(t, "-q -n 1 -g 0 --", "bash", "-c", "echo text > >(sleep 300; cat)"); r.stderr != "" {
		t.Errorf("-q: %q", r.stderr)
	}
}

// Names and what can't be run are shown harmlessly, and a line for the shell isn't shown at all.
func TestNamesAreHarmless(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(dir+"/orphan", []byte("#!/nonexistent/sh\n"), 0o755)
	for _, test := range []struct{ name, says, not string }{
		{"no\x1b[31msuch", "no\ufffd[31msuch: command not found", "\x1b"},
		{"a --token=hunter2 && b", "a …: command not found; builtins, functions and whole lines need a shell: sh -c", "hunter2"},
		{"cd", "sh -c", "hunter2"},
		{"curl --token=hunter2 https://example.com/" + strings.Repeat("x", 300), "curl …: command not found", "hunter2"}, // too long a name
		{"https://user:hunter2@example.com/x?key=hunter2", "https://", "hunter2"},
		{dir + "/orphan", "orphan: the interpreter that it names is missing", "not found"},
	} {
		report := temp(t)
		r := run(t, "-v --report "+report, test.name)
		r.is(t, 127, "")
		r.says(t, test.says)
		if strings.Contains(r.stderr+read(t, report), test.not) {
			t.Errorf("%q is shown: %s%s", test.not, r.stderr, read(t, report))
		}
	}
	if r := run(t, "--bo\x1bgus"); strings.Contains(r.stderr, "\x1b") {
		t.Errorf("%q", r.stderr)
	}
}

// The delay's text says at once for at once, and that it's drawn where it is.
func TestNextDelayIsSaid(t *testing.T) {
	sh(t, "-n 2 --delay 0", "exit 1").says(t, "; next at once\n")
	sh(t, "-n 2 -i 100us", "exit 1").says(t, "; next at once\n")
	sh(t, "-n 2 --delay 20ms", "exit 1").says(t, "; next in 20ms\n")
	sh(t, "-n 2 -i 100ms -j equal", "exit 1").says(t, "ms (jittered)\n")
}

// Without a PATH, commands are found where shells find them.
func TestNoPath(t *testing.T) {
	for _, env := range [][]string{{}, {"PATH=/nonexistent"}} {
		cmd := exec.Command(binary, "true")
		cmd.Env = append(env, "HOME=/") // an empty one would be ours
		cmd.Run()
		if want := 127 * len(env); cmd.ProcessState.ExitCode() != want {
			t.Errorf("%v: exit code %d, want %d", env, cmd.ProcessState.ExitCode(), want)
		}
	}
}
