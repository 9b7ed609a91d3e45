//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ended waits for a command that blocks if it's wrong.
func ended(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	start := time.Now()
	kill := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	cmd.Wait()
	if !kill.Stop() {
		t.Fatalf("%q doesn't end", cmd.Args)
	}
	return resultOf(cmd.ProcessState, new(bytes.Buffer), new(bytes.Buffer), start)
}

// Every limit and every signal works while a write blocks, since nobody reads.
func TestLimitsWorkWhileAWriteBlocks(t *testing.T) {
	for _, test := range []struct {
		args string
		sig  syscall.Signal
		code int
	}{
		{"-o last", syscall.SIGTERM, 143}, {"-o once", syscall.SIGINT, 130}, {"--until never", syscall.SIGTERM, 143}, {"--until never", syscall.SIGHUP, 129},
		{"--until never -n 2 -i 0 -t 300ms", 0, 124}, {"-o last --within 300ms", 0, 124}, {"--stop-stdout never --within 300ms", 0, 124},
		{"-o last -n 2 -i 0 -t 10s", syscall.SIGTERM, 143},
	} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		ready := temp(t)
		cmd := exec.Command(binary, append(strings.Fields("-q -g 300ms "+test.args), "sh", "-c", "echo up > "+ready+"; head -c 1000000 /dev/zero")...)
		cmd.Stdout = w
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		w.Close()
		eventually(t, "the command", has(ready, "up\n"))
		if test.sig != 0 {
			time.Sleep(200 * time.Millisecond) // for the write to block; before it, the outcome is the same
			cmd.Process.Signal(test.sig)
		}
		got := ended(t, cmd)
		r.Close()
		if got.code != test.code || got.died != test.sig {
			t.Errorf("%s: exit code %d, died of %v", test.args, got.code, got.died)
		}
	}
	// The same where what isn't read is what we say.
	r, w, _ := os.Pipe()
	defer r.Close()
	raw, _ := w.SyscallConn()
	raw.Control(func(fd uintptr) {
		syscall.SetNonblock(int(fd), true)
		for {
			if _, err := syscall.Write(int(fd), make([]byte, 512)); err != nil {
				break
			}
		}
		syscall.SetNonblock(int(fd), false)
	})
	ready := temp(t)
	cmd := exec.Command(binary, "--delays", "0,1h", "sh", "-c", "echo up > "+ready+"; exit 3")
	cmd.Stderr = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the command", has(ready, "up\n"))
	time.Sleep(100 * time.Millisecond)
	cmd.Process.Signal(syscall.SIGTERM)
	if got := ended(t, cmd); got.died != syscall.SIGTERM {
		t.Errorf("blocked on standard error: %+v", got)
	}
}

// The first signal reaches a hook as well, and --within bounds it.
func TestHooksEndInTime(t *testing.T) {
	for _, flag := range []string{"--on-retry", "--on-giveup"} {
		ready := temp(t)
		r := start(t, "-n 2 -i 1 -g 300ms --report "+ready+".json "+flag, "[ $RETRY_ATTEMPT = 1 ] || [ "+flag+" = --on-giveup ] || exit 0; trap 'echo told >> "+ready+"; exit 1' TERM; echo up > "+ready+"; while :; do sleep 0.02; done", "false")
		eventually(t, "the hook", has(ready, "up\n"))
		r.signal(syscall.SIGTERM)
		got := r.end()
		if got.died != syscall.SIGTERM || !strings.Contains(read(t, ready), "told") || !strings.Contains(read(t, ready+".json"), `"ended": "signal"`) {
			t.Errorf("%s: %+v, %q", flag, got, read(t, ready))
		}
		r = start(t, "-n 2 --delay 1ms -g 300ms --within 1s "+flag, "sleep 300", "false")
		got = r.end()
		got.is(t, map[string]int{"--on-retry": 124, "--on-giveup": 1}[flag], "")
		got.says(t, "the hook of "+flag+" failed: there was no time left for it")
	}
	// When the time is over, the last hook still has the grace.
	done := temp(t)
	start(t, "-q --within 100ms -g 10s --on-giveup", "sleep 0.3; echo $RETRY_REASON > "+done, "sleep", "300").end().is(t, 124, "")
	if got := read(t, done); got != "timeout\n" {
		t.Errorf("%q", got)
	}
}

// The flags on the command line win over those in RETRY_OPTS, whatever they are.
func TestCommandLineWins(t *testing.T) {
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
	} {
		r := runWith(t, nil, []string{"RETRY_OPTS=" + test.opts}, strings.Fields(test.args)...)
		if r.code != test.code || !strings.Contains(r.stdout, test.stdout) {
			t.Errorf("RETRY_OPTS=%q retry %s: exit code %d, %q, %s", test.opts, test.args, r.code, r.stdout, r.stderr)
		}
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

// What is left at $RETRY_AFTER_FILE is only read if it's a file of our user, never waited for, and obeyed once.
func TestHintThatIsNoFile(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	secret := temp(t)
	os.WriteFile(secret, []byte("hunter2"), 0o600)
	for _, made := range []string{"mkfifo $RETRY_AFTER_FILE", "mkdir $RETRY_AFTER_FILE", "ln -s " + secret + " $RETRY_AFTER_FILE", "ln -s /dev/zero $RETRY_AFTER_FILE"} {
		r := sh(t, "-n 2 -i 0", made+"; exit 1")
		r.is(t, 1, "")
		r.says(t, "$RETRY_AFTER_FILE", "attempt 2 of 2")
		if strings.Contains(r.stderr, "hunter2") {
			t.Errorf("%s: what it links to is printed: %s", made, r.stderr)
		}
	}
	// One that can't be removed isn't read again. (A full folder can't.)
	r := sh(t, "-n 3 -i 0 --log json", `if [ $RETRY_ATTEMPT = 1 ]; then echo 0.2 > $RETRY_AFTER_FILE; chmod 500 ${RETRY_AFTER_FILE%/*}; fi; exit 1`)
	if n := strings.Count(r.stderr, `"delay_seconds":0.2`); n != 1 {
		t.Errorf("obeyed %d times: %s", n, r.stderr)
	}
	// Its folder is nobody else's, and its name can't be guessed from what others see.
	report := temp(t)
	r = sh(t, "-q -n 1 --report "+report, `stat -c '%a %u' ${RETRY_AFTER_FILE%/*} 2>/dev/null || stat -f '%Lp %u' ${RETRY_AFTER_FILE%/*}; echo $RETRY_AFTER_FILE $RETRY_ID; exit 1`)
	mode, more, _ := strings.Cut(r.stdout, "\n")
	if mode != fmt.Sprintf("700 %d", os.Geteuid()) {
		t.Errorf("the folder's mode and owner: %s", mode)
	}
	file, id, _ := strings.Cut(strings.TrimSpace(more), " ")
	for i := 0; i+6 <= len(id); i++ {
		if strings.Contains(file, id[i:i+6]) {
			t.Errorf("%s can be guessed from %s", file, id)
		}
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	// Where there can't be one, the command is run all the same.
	t.Setenv("TMPDIR", "/nonexistent")
	r = sh(t, "-v", "echo ${RETRY_AFTER_FILE-none}")
	r.is(t, 0, "none\n")
	r.says(t, "there is no $RETRY_AFTER_FILE")
}

// What can't be told apart from a file by reading it is rewound as one.
func TestSeekableInputIsRewound(t *testing.T) {
	for _, name := range []string{"/dev/null", "/dev/zero", "."} {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if !newStdin(f).rewind {
			t.Errorf("%s isn't rewound", name)
		}
	}
}

// A full disk is our error, whatever we write to it.
func TestFullDiskIsOurError(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full")
	}
	for _, args := range []string{"--plan", "--version", "--help", "--man", "--completion bash", "-o last echo x", "-o once echo x"} {
		full, _ := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		var said bytes.Buffer
		cmd := exec.Command(binary, strings.Fields(args)...)
		cmd.Stdout, cmd.Stderr = full, &said
		cmd.Run()
		full.Close()
		if code := cmd.ProcessState.ExitCode(); code != 125 || !strings.Contains(said.String(), "no space left") {
			t.Errorf("%s: exit code %d; it said %q", args, code, &said)
		}
	}
	r := run(t, "-q --report /dev/full true")
	r.is(t, 125, "")
	r.says(t, "the report can't be written", "no space left")
	// A reader that went away is an error where its output was kept for it, and the report isn't lost.
	report := temp(t)
	cmd := exec.Command("bash", "-c", `"$0" -q -o last --report "$1" head -c 1000000 /dev/zero | true; exit ${PIPESTATUS[0]}`, binary, report)
	cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != 125 || !strings.Contains(read(t, report), `"exit_code": 125`) {
		t.Errorf("exit code %d, report %s", code, read(t, report))
	}
}

// The report is a whole one at any time, even if we are killed, and in a folder where only short names fit.
func TestReportSurvivesKill(t *testing.T) {
	dir := t.TempDir()
	report := filepath.Join(dir, strings.Repeat("r", 255))
	r := start(t, "--delays 0,1ms,1h --report "+report+" -- sh -c", "exit 3")
	eventually(t, "two attempts", has(report, `{"attempt":2`))
	eventually(t, "the whole of it", has(report, `"exit_code": null`)) // between two writes its end is missing for an instant
	r.signal(syscall.SIGKILL)
	r.end()
	got := read(t, report)
	if strings.Count(got, `{"attempt":`) != 2 || !strings.Contains(got, `"ended": "running"`) || !strings.HasSuffix(got, "}\n") {
		t.Error(got)
	}
	if all, _ := os.ReadDir(dir); len(all) != 1 {
		t.Errorf("left behind: %v", all)
	}
}

// A FIFO that nobody reads is an error, not a hang, and one that is read gets the report.
func TestReportToFIFO(t *testing.T) {
	fifo := temp(t)
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	r := run(t, "--report "+fifo+" echo ran")
	r.is(t, 125, "")
	r.says(t, "nobody reads "+fifo)
	cat := exec.Command("cat", fifo)
	var got bytes.Buffer
	cat.Stdout = &got
	if err := cat.Start(); err != nil {
		t.Fatal(err)
	}
	run(t, "-q -n 1 --report "+fifo+" false").is(t, 1, "")
	ended(t, cat)
	if !strings.Contains(got.String(), `"exit_code": 1`) {
		t.Errorf("%q", &got)
	}
	// Nor does one that nobody reads on keep us from ending.
	f, err := os.OpenFile(fifo, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.Write(make([]byte, 65536)) // as much as it holds
	cmd := exec.Command(binary, "-q", "--report", fifo, "--within", "300ms", "false")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if got := ended(t, cmd); got.code != 125 {
		t.Errorf("exit code %d", got.code)
	}
}

// Nothing is written to what somebody else has put into a folder that anybody can write to.
func TestReportToWhatWasPlanted(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file to somebody else")
	}
	dir, other := t.TempDir(), temp(t)
	os.Chmod(dir, 0o777|os.ModeSticky)
	os.WriteFile(other, []byte("mine"), 0o600)
	os.Symlink(other, dir+"/link")
	os.WriteFile(dir+"/file", []byte("theirs"), 0o666)
	syscall.Mkfifo(dir+"/fifo", 0o666)
	for _, name := range []string{"link", "file", "fifo"} {
		os.Lchown(dir+"/"+name, 12345, 12345)
		r := run(t, "--report "+dir+"/"+name+" echo ran")
		r.is(t, 125, "")
		r.says(t, "belongs to another user")
	}
	if got := read(t, other) + read(t, dir+"/file"); got != "minetheirs" {
		t.Errorf("%q", got)
	}
	os.Symlink(other, dir+"/own") // one of our own is what we want
	run(t, "-q --report "+dir+"/own true").is(t, 0, "")
	if !strings.Contains(read(t, other), `"exit_code": 0`) {
		t.Error("our own link isn't followed")
	}
}

// The last attempt's input isn't kept: nobody needs it again.
func TestLastAttemptKeepsNoInput(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	data := binaryData(3 << 20)
	for _, args := range []string{"-n 1", "-n 2 -i 0"} {
		r := runWith(t, onlyReader{bytes.NewReader(data)}, nil, append(strings.Fields("-q "+args),
			"sh", "-c", `[ $RETRY_ATTEMPT = $RETRY_ATTEMPTS ] || exit 1; wc -c; ls -l /proc/$PPID/fd 2>/dev/null | grep -c deleted; exit 0`)...)
		if lines := strings.Fields(r.stdout); r.code != 0 || lines[0] != strconv.Itoa(len(data)) || lines[1] != "0" {
			t.Errorf("%s: exit code %d, %q", args, r.code, r.stdout)
		}
	}
	// What the only attempt doesn't read is still there for whoever reads next.
	r := runWith(t, nil, nil, "--version")
	cmd := exec.Command("sh", "-c", `printf 'one\ntwo\n' | { "$0" -q -n 1 sh -c 'read x; echo $x'; cat; }`, binary)
	out, err := cmd.Output()
	if err != nil || string(out) != "one\ntwo\n" {
		t.Errorf("%q, %v, %v", out, err, r.code)
	}
}

// A command that ends with a code of its own when nobody reads any more isn't run again.
func TestOwnCodeWhenNobodyReads(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	runs := temp(t)
	cmd := exec.Command(binary, "-q", "--delay", "1ms", "-n", "5", "sh", "-c", "echo run >> "+runs+"; trap '' PIPE; sleep 0.1; echo text 2>/dev/null || exit 23")
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	r.Close()
	if got := ended(t, cmd); got.code != 23 || read(t, runs) != "run\n" {
		t.Errorf("exit code %d after %q", got.code, read(t, runs))
	}
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

// What is lost of what the command leaves behind is said.
func TestLostIsSaid(t *testing.T) {
	r := run(t, "-n 1 -g 0 --", "bash", "-c", "echo text > >(sleep 0.5; cat)")
	r.is(t, 0, "")
	r.says(t, "left processes running, which were ended after 0s; what they had still to do or to write is lost")
	if r := run(t, "-q -n 1 -g 0 --", "bash", "-c", "echo text > >(sleep 0.5; cat)"); r.stderr != "" {
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

// The delay's text says at once for at once, and that it's drawn where it is.
func TestNextDelayIsSaid(t *testing.T) {
	sh(t, "-n 2 --delay 0", "exit 1").says(t, "; next at once\n")
	sh(t, "-n 2 -i 100us", "exit 1").says(t, "; next at once\n")
	sh(t, "-n 2 --delay 20ms", "exit 1").says(t, "; next in 20ms\n")
	sh(t, "-n 2 -i 100ms -j equal", "exit 1").says(t, "ms (jittered)\n")
}

// The manual has nothing that its readers complain of.
func TestManualIsClean(t *testing.T) {
	for _, args := range []string{"mandoc -T lint -W warning man/retry.1", "groff -ww -z -man -Tutf8 man/retry.1"} {
		words := strings.Fields(args)
		if _, err := exec.LookPath(words[0]); err != nil {
			t.Skip("no " + words[0])
		}
		out, err := exec.Command(words[0], words[1:]...).CombinedOutput()
		if err != nil || len(out) != 0 {
			t.Errorf("%s: %v\n%s", args, err, out)
		}
	}
}

// Completions in the shells themselves.
func TestCompletionsInShells(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(dir+"/a file.json", nil, 0o600)
	os.WriteFile(dir+"/other", nil, 0o600)
	shells := map[string]string{
		"bash": `source "$1"; cd "$2"; read -ra COMP_WORDS <<<"$3"; [[ $3 == *' ' ]] && COMP_WORDS+=(''); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _retry; printf '%s\n' "${COMPREPLY[@]}"`,
		"fish": `source $argv[1]; cd $argv[2]; complete -C $argv[3]`,
	}
	for shell, script := range shells {
		if _, err := exec.LookPath(shell); err != nil {
			t.Skip("no " + shell)
		}
		file, _ := filepath.Abs("completion/retry." + shell)
		for line, want := range map[string]string{
			"retry --att":              "--attempts",
			"retry -b ":                "decorrelated",
			"retry -qb ":               "fibonacci",
			"retry -qo ":               "once",
			"retry --report a":         "a file.json",
			"retry -n 3 --output la":   "last",
			"retry -qn 3 -- cat a":     "a file.json",
			"retry --delay 3 -o la":    "last",
			"retry -q --delay 3 --unt": "--until-fails",
		} {
			args := []string{"-c", script, file, dir, line}
			if shell == "bash" {
				args = append([]string{"--norc", "-c", script, "bash"}, args[2:]...)
			}
			out, err := exec.Command(shell, args...).CombinedOutput()
			found := false
			for got := range strings.Lines(string(out)) {
				got, _, _ = strings.Cut(strings.TrimSpace(got), "\t")
				found = found || strings.ReplaceAll(got, `\ `, " ") == want
			}
			if !found {
				t.Errorf("%s: %q: %q isn't offered, but %q, %v", shell, line, want, out, err)
			}
		}
	}
}
