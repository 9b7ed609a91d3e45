package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// Of two flags with these values, those that are listed here are refused, and no others: one of them could never have an effect, or
// they contradict each other. What a script makes idle by a value that it was given is not refused: "-n 1", which turns retrying off,
// beside flags about delays; a --within that is shorter than --timeout.
func TestPairsOfFlags(t *testing.T) {
	values := map[string]string{
		"attempts": "1", "initial": "5", "max-delay": "10", "backoff": "linear", "delay": "3", "delays": "0,1", "jitter": "equal",
		"timeout": "10", "within": "5", "kill-signal": "KILL", "grace": "2", "budget": "b", "delay-from": "(a)", "reset-after": "4",
		"retry-on": "1", "stop-on": "2", "retry-stdout": "x", "retry-stderr": "x", "stop-stdout": "y", "stop-stderr": "y", "success-on": "3",
		"until": "x", "consecutive": "1", "exhausted-code": "9", "tcp": "localhost:1", "http": "http://localhost", "file": "x",
		"output": "last", "log": "json", "log-file": "l", "report": "r", "on-retry": "x", "on-giveup": "x",
	}
	refused := map[string]string{
		"delay":      "initial max-delay backoff delays",
		"delays":     "initial max-delay backoff",
		"until":      "until-fails success-on",
		"success-on": "until-fails",
		"quiet":      "verbose log-file",
	}
	for _, probe := range []string{"tcp", "http", "file"} {
		refused[probe] = strings.Join(aboutCommands, " ")
	}
	alone := []string{"last-try", "follow", "status", "help", "man", "completion", "version"} // need another flag, or run nothing
	var flags []string
	for _, g := range groups {
		for _, f := range g.flags {
			if slices.Contains(alone, f.long) {
				continue
			}
			if values[f.long] == "" && f.arg != "" {
				t.Fatalf("--%s has no value here", f.long)
			}
			flags = append(flags, f.long)
		}
	}
	as := func(long string) string { return strings.TrimSuffix("--"+long+"="+values[long], "=") }
	for i, a := range flags {
		for _, b := range flags[:i] {
			want := slices.Contains(strings.Fields(refused[a]), b) || slices.Contains(strings.Fields(refused[b]), a)
			for _, args := range [][]string{{as(a), as(b), "true"}, {as(b), as(a), "true"}} {
				if _, err := parseAll("", args); (err != nil) != want {
					t.Errorf("%s: %v; want an error: %v", args, err, want)
				}
				// In RETRY_OPTS it gives way.
				if _, err := parseAll(args[0], args[1:]); err != nil {
					t.Errorf("RETRY_OPTS=%s %s: %v", args[0], args[1:], err)
				}
			}
		}
	}
	for _, unknown := range slices.Concat(slices.Collect(maps.Keys(values)), slices.Collect(maps.Keys(refused))) {
		if find(func(f *flag) bool { return f.long == unknown }) == nil {
			t.Errorf("there is no --%s", unknown)
		}
	}
}

// The same, where it depends on the values.
func TestValuesOfPairs(t *testing.T) {
	for args, want := range map[string]bool{
		"-i 0 -b linear": false, "-i 0 -b decorrelated": false, "-i 0 -m 5": false, // it never grows
		"-i 0 -b constant": true, "-i 0": true, "-i 0 -j full": true, "--delay 0 -j full": true,
		"-n 1 -i 5": true, "-n 1 -b linear -m 5": true, "-n 1 --delay 5 --on-retry x": true,
		"-t 10 -w 5": true, "-t 0 -w 0": true,
		"-i 5 -m 1": false, "-m 5 -b constant": false, "-b decorrelated -j none": false, "-b decorrelated -j full": false,
		"--reset-after 5 -t 4": false, "--reset-after 5 -t 0": true,
		"-r 1 -s 1": false, "-r 1,KILL -s 1-3,KILL": false, "-r 1-9 -s 1": true, "-r 1,timeout -s 1": true, "-r signal -s KILL": true,
		"--success-on 1 -r 1": false, "--success-on 1 -s 1": false, "--success-on 1 -r 2": true,
		"-c 3 -n 2": false, "-c 3 -n 3": true, "-c 3 -d 0,1": false, "-c 11": false, "-c 11 -n unlimited": true,
		"--report x --log-file x": false, "--budget b -c 2": false, "--last-try": false, "--follow": false, "-d 5": false,
	} {
		if _, err := parseAll("", append(strings.Fields(args), "true")); (err == nil) != want {
			t.Errorf("%s: %v; want it to be accepted: %v", args, err, want)
		}
	}
	// The command line wins.
	if o, err := parseAll("--stop-on 1", []string{"--retry-on=1", "true"}); err != nil || o.stopOn != nil || o.retryOn == nil {
		t.Errorf("%v, %v, %v", o.stopOn, o.retryOn, err)
	}
	if o, err := parseAll("-m 5", []string{"-i", "0", "true"}); err != nil || o.initial != 0 || o.given["max-delay"] {
		t.Errorf("%v, %v", o.initial, err)
	}
}
