//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The flags on the command line win over those in RETRY_OPTS, whatever they are.
func TestCommandLineWins(t *testing.T) {
	ownBudgets(t)
	for _, test := range []struct {
		opts, args string
		code       int
		stdout     string // in it
	}{
		{"--delays 9,9,9", "--plan -b constant -i 2 -n 3", 0, "3   2s\n"},
		{"--delays 9,9,9", "--plan --delay 2 -n 3", 0, "3   2s\n"},
		{"-b constant -i 9", "--plan --delays 0,2", 0, "2   2s\n\nall delays    2s at worst"},
		{"-j none", "--plan -b decorrelated -n 2", 0, "2   1s to 3s\n"},
		{"--delays 0,9", "--plan --delays 0,2,3", 0, "3   3s\n"},
		{"-c 5", "-n 1 echo x", 0, "x\n"},
		{"-n 1", "-c 2 -n 2 -i 0 echo x", 0, "x\nx\n"},
		{"-q", "-v true", 0, ""},
		{"--until x", "--until-fails -n 1 false", 0, ""},
		{"--until-fails", "--no-until-fails true", 0, ""},
		{"-q -t 1ms", "-t 0 sleep 0.1", 0, ""},
		{"-q -t 1ms", "--no-timeout sleep 0.1", 0, ""},
		{"-w 1ms", "-w 0 sleep 0.1", 0, ""},
		{"--retry-on 1", "--retry-on 2 -n 2 -i 0 sh -c 'echo$IFS''x;exit$IFS''1'", 127, ""},
		{"--retry-on 9", "--no-retry-on -n 2 -i 0 false", 1, ""},
		{"--until no", "--no-until echo yes", 0, "yes\n"},
		{"--bogus", "--help", 0, "retry [flags]"},
		{"-n '", "--version", 0, "retry "},
		{"--report /nonexistent/x", "--no-report echo yes", 0, "yes\n"},
		// So does one without which another has no effect, and one that is in the way of a third.
		{"-w 1h --last-try", "--no-within echo yes", 0, "yes\n"},
		{"-w 1h --last-try", "-w 0 echo yes", 0, "yes\n"},
		{"--until no --follow", "--no-until echo yes", 0, "yes\n"},
		{"--until no --follow", "--until-fails false", 0, ""},
		{"--until no --follow", "--success-on 1 -n 1 false", 0, ""},
		{"--until no --follow", "--file / echo yes", 0, "yes\n"},
		{"-n 20 -c 15", "--no-attempts -i 0 echo yes", 0, "yes\n"},
		{"-m 3", "--plan -n 2 -j none -i 5", 0, "2   5s\n"},
		{"-i 5", "--plan -n 2 -j none -m 3", 0, "2   1s\n"},
		{"-q -n 3 -t 5 --report /nonexistent/x", "--budget b --status", 0, "budget b: "},
	} {
		r := runWith(t, nil, []string{"RETRY_OPTS=" + test.opts}, strings.Fields(test.args)...)
		if r.code != test.code || !strings.Contains(r.stdout, test.stdout) {
			t.Errorf("RETRY_OPTS=%q retry %s: exit code %d, %q, %s", test.opts, test.args, r.code, r.stdout, r.stderr)
		}
	}
	// What contradicts itself there is an error that says where.
	for _, opts := range []string{"--last-try", "--follow", "-q -v", "-d 5", "-c 20", "--delays 0,1 -m 5", "-i 5m"} {
		r := runWith(t, nil, []string{"RETRY_OPTS=" + opts}, "-o", "stream", "true")
		r.is(t, 125, "")
		r.says(t, "retry: RETRY_OPTS: --")
	}
	if r := runWith(t, nil, []string{"RETRY_OPTS=--on-giveup curl hunter2"}, "true"); r.code != 125 || strings.Contains(r.stderr, "hunter2") {
		t.Errorf("exit code %d, %s", r.code, r.stderr)
	}
	if r := runWith(t, nil, []string{"RETRY_OPTS=-q"}, "--no-quiet", "-n", "1", "false"); r.stderr == "" {
		t.Error("--no-quiet is quiet")
	}
	name := filepath.Join(t.TempDir(), "r\xff\xc3")
	runWith(t, nil, []string{"RETRY_OPTS=--report '" + name + "'"}, "true").is(t, 0, "")
	if _, err := os.Stat(name); err != nil {
		t.Error(err)
	}
}
