package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Ctrl-C stops the script around us whatever standard input is, in a delay and in a run.
func TestCtrlCStopsTheScript(t *testing.T) {
	for _, stdin := range []string{"", "</dev/null", "< <(sleep 300)", "<<<text"} {
		for _, command := range []string{
			"sh -c 'echo up; exit 3'", "sh -c 'echo up; exec sleep 300'", "sh -c 'trap \"exit 7\" INT; echo up; while :; do sleep 0.02; done'",
			// One that runs another one.
			"$R -q sh -c 'echo up; exec sleep 300'", "sh -c '$R -q $R -q sh -c \"echo up; exec sleep 300\"; exit 5'",
		} {
			script := temp(t)
			os.WriteFile(script, fmt.Appendf(nil, "for i in 1 2 3; do echo round $i; $R --delays 0,1h -- %s %s; done; echo went on\n", command, stdin), 0o600)
			x := inTerminal(t, "bash", script)
			x.shows("up")
			if strings.Contains(command, "exit 3") {
				x.shows("attempt 2 of 2 in 1h")
			}
			time.Sleep(20 * time.Millisecond) // for the command to be put in the foreground; before it, the outcome is the same
			x.master.WriteString(ctrlC)
			if status := x.ends().Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGINT || strings.Contains(x.text(), "round 2") || strings.Contains(x.text(), "went on") {
				t.Errorf("%s %s: the script ended by %v; the terminal shows:\n%q", command, stdin, status, x.text())
			}
		}
	}
}

// Other shells do the same.
func TestCtrlCStopsScriptsOfOtherShells(t *testing.T) {
	for _, shell := range []string{"dash", "zsh", "fish"} {
		loop := "for i in 1 2 3; do echo round $i; $R --delays 0,1h -- %s </dev/null; done; echo went on\n"
		if shell == "fish" {
			loop = "for i in 1 2 3; echo round $i; $R --delays 0,1h -- %s </dev/null; end; echo went on\n"
		}
		for _, command := range []string{"sh -c 'echo up; exit 3'", "sh -c 'echo up; exec sleep 300'"} {
			script := temp(t)
			os.WriteFile(script, fmt.Appendf(nil, loop, command), 0o600)
			x := inTerminal(t, shell, script)
			x.shows("up")
			time.Sleep(50 * time.Millisecond)
			x.master.WriteString(ctrlC)
			x.ends()
			if strings.Contains(x.text(), "round 2") || strings.Contains(x.text(), "went on") {
				t.Errorf("%s, %s: the terminal shows:\n%q", shell, command, x.text())
			}
			if status := x.cmd.ProcessState; shell != "fish" && status.Sys().(syscall.WaitStatus).Signal() != syscall.SIGINT {
				t.Errorf("%s, %s: the script ended by %v", shell, command, status)
			}
		}
	}
}

// An INT or QUIT that the command sends itself is a failure, with a terminal as without.
func TestOwnInterruptIsNoCtrlC(t *testing.T) {
	for _, command := range []string{
		"kill -INT $$", "kill -INT 0", "kill -QUIT $$", "timeout -s INT .05 sleep 300", "timeout -s QUIT .05 sleep 300", "trap 'exit 5' INT; kill -INT 0",
	} {
		script := "ulimit -c 0; $R -n 2 -i 0 -- sh -c 'echo begun; " + strings.ReplaceAll(command, "'", `'\''`) + "'; echo went on with $?\n"
		with := temp(t)
		os.WriteFile(with, []byte(script), 0o600)
		x := inTerminal(t, "bash", with)
		x.ends()
		eventually(t, "the script's last line", func() bool { return regexp.MustCompile(`went on with \d+\r\n`).MatchString(x.text()) })
		out, _ := exec.Command("bash", "-c", "R="+binary+"; exec 2>&1; "+script).Output()
		_, codeWithout, _ := strings.Cut(string(out), "went on with ")
		_, codeWith, _ := strings.Cut(x.text(), "went on with ")
		if n := strings.Count(x.text(), "begun\r\n"); n != 2 || strings.TrimSpace(codeWith) != strings.TrimSpace(codeWithout) || strings.Count(string(out), "begun\n") != 2 {
			t.Errorf("%s: the terminal shows\n%q; without one it is\n%q", command, x.text(), out)
		}
	}
}

// A countdown on a terminal that is held up by Ctrl-S doesn't keep us from ending.
func TestStoppedWhileTheTerminalIsHeldUp(t *testing.T) {
	x := inTerminal(t, binary, "--delays", "0,1h", "false")
	x.shows("attempt 2 of 2 in 1h")
	x.master.WriteString("\x13")
	time.Sleep(1100 * time.Millisecond) // the next number is due
	x.cmd.Process.Signal(syscall.SIGTERM)
	if status := x.ends().Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGTERM {
		t.Errorf("%v", status)
	}
}

// Random signals at random moments, under a terminal, leave no process, no file and no wrong code.
// RETRY_RUNS says how many runs there are.
func TestRandomSignals(t *testing.T) {
	runs, _ := strconv.Atoi(os.Getenv("RETRY_RUNS"))
	t.Setenv("TMPDIR", t.TempDir())
	signals := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGWINCH, syscall.SIGALRM, 40, 0}
	dir := t.TempDir()
	for run := range max(runs, 20) {
		report := fmt.Sprintf("%s/%d", dir, run)
		// All that it starts has a variable by which it's found.
		t.Setenv("RANDOM_RUN", report)
		x := inTerminal(t, binary, "-n", "3", "--delay", "30ms", "-g", "300ms", "-o", []string{"stream", "last", "once"}[run%3], "--report", report,
			"sh", "-c", "trap '' USR1 WINCH ALRM 40; sleep 0.02 & (sleep 0.03; echo text) & sleep 0.02; exit 5")
		codes := map[string]bool{"exit status 5": true}
		for range 1 + rand.IntN(3) {
			time.Sleep(time.Duration(rand.IntN(80)) * time.Millisecond)
			sig := signals[rand.IntN(len(signals))]
			if sig == 0 {
				x.master.WriteString(ctrlC)
				sig = syscall.SIGINT
			} else if x.cmd.Process.Signal(sig) != nil {
				break
			}
			codes["signal: "+sig.String()] = true
		}
		state := x.ends()
		if _, err := os.Stat(report); err != nil && codes["signal: quit"] {
			codes["exit status 2"] = true // it had not come so far as main, and Go itself ended it
		}
		if how := strings.TrimSuffix(state.String(), " (core dumped)"); !codes[how] {
			t.Errorf("run %d ended by %q, not by one of %v; the terminal shows:\n%q", run, how, codes, x.text())
		}
		eventually(t, "the end of all processes", func() bool { return len(having("RANDOM_RUN="+report)) == 0 })
		x.master.Close()
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if left, _ := os.ReadDir(dir); len(left) > max(runs, 20) {
		t.Errorf("left behind: %v", left)
	}
}

// having are the processes that have a variable in their environment.
func having(variable string) (pids []string) {
	all, _ := os.ReadDir("/proc")
	for _, p := range all {
		env, _ := os.ReadFile("/proc/" + p.Name() + "/environ")
		if strings.Contains("\x00"+string(env), "\x00"+variable+"\x00") && p.Name() != strconv.Itoa(os.Getpid()) && p.Name() != "self" && p.Name() != "thread-self" {
			pids = append(pids, p.Name())
		}
	}
	return pids
}

// Completions in zsh, which needs a terminal for them.
func TestCompletionsInZsh(t *testing.T) {
	if _, err := exec.LookPath("zsh"); err != nil {
		t.Skip("no zsh")
	}
	here, _ := os.Getwd()
	dir := t.TempDir()
	os.WriteFile(dir+"/a file.json", nil, 0o600)
	x := inTerminal(t, "zsh", "-f", "-i")
	x.types("PROMPT='ready> '; cd " + dir + "; fpath=(" + here + "/completion $fpath); autoload -Uz compinit; compinit -u -D; echo set up\n")
	x.shows("set up\r\n", "ready> ")
	for line, want := range map[string]string{
		"retry --att":            "--attempts",
		"retry -b fib":           "fibonacci",
		"retry -qb dec":          "decorrelated",
		"retry --report a":       `a\ file.json`,
		"retry --file a":         `a\ file.json`,
		"retry --kill-signal HU": "HUP",
		"retry -qn 3 -- cat a":   `a\ file.json`,
		"retry --delay 3 -o la":  "last",
		"retry -r 1 -r 2 --unti": "--until",
	} {
		x.types("\x15" + line + "\t")
		x.shows(strings.TrimPrefix(want, line[strings.LastIndexByte(line, ' ')+1:]))
	}
}
