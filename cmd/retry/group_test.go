//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A running is a retry that runs. Everything that it starts, however deep, holds one end of a pipe.
type running struct {
	t              *testing.T
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	held           *os.File
}

func start(t *testing.T, args string, more ...string) *running {
	t.Helper()
	r := &running{t: t, cmd: exec.Command(binary, append(strings.Fields(args), more...)...)}
	r.cmd.Stdout, r.cmd.Stderr = &r.stdout, &r.stderr
	var holds *os.File
	var err error
	if r.held, holds, err = os.Pipe(); err != nil {
		t.Fatal(err)
	}
	r.cmd.ExtraFiles = []*os.File{holds}
	r.cmd.WaitDelay = time.Minute
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	holds.Close()
	t.Cleanup(func() { r.cmd.Process.Kill(); r.held.Close() })
	return r
}

func (r *running) signal(sig syscall.Signal) {
	r.t.Helper()
	if err := r.cmd.Process.Signal(sig); err != nil {
		r.t.Fatal(err)
	}
}

// end waits for its end, and fails the test if anything that it started goes on.
func (r *running) end() result {
	r.t.Helper()
	kill := time.AfterFunc(time.Minute, func() { r.cmd.Process.Kill() })
	state, err := r.cmd.Process.Wait()
	if !kill.Stop() || err != nil {
		r.t.Fatalf("it doesn't end: %v", err)
	}
	r.held.SetReadDeadline(time.Now().Add(time.Minute))
	if _, err := r.held.Read(make([]byte, 1)); err != io.EOF {
		r.t.Errorf("something was left running: %v", err)
	}
	r.cmd.Wait() // for what copies its output
	got := resultOf(state, &r.stdout, &r.stderr)
	if strings.Contains(r.stderr.String(), "DATA RACE") {
		r.t.Error(r.stderr.String())
	}
	return got
}

// tree is a script that starts processes beside and below it, says so in a file, and waits.
func tree(ready string) string {
	return fmt.Sprintf(`(sleep 300 & sleep 300) & sleep 300 & sh -c 'sleep 300; :' & echo $RETRY_ATTEMPT >> %s; wait`, ready)
}

// The signal that stops us reaches the whole tree, and is our exit code.
func TestStoppedBySignal(t *testing.T) {
	for sig, code := range map[syscall.Signal]int{
		syscall.SIGTERM: 143, syscall.SIGINT: 130, syscall.SIGHUP: 129, syscall.SIGQUIT: 131,
	} {
		t.Run(sig.String(), func(t *testing.T) {
			ready := temp(t)
			// Background processes of a shell ignore INT and QUIT, which makes them harder to end.
			r := start(t, "--grace 1s --report "+ready+".json -- sh -c", tree(ready))
			eventually(t, "the tree", has(ready, "1\n"))
			r.signal(sig)
			got := r.end()
			got.is(t, code, "")
			if got.died != sig {
				t.Errorf("it died of %d: systemd and shells want to see %v", got.died, sig)
			}
			got.says(t, "told to stop by SIG")
			if report := read(t, ready+".json"); !strings.Contains(report, `"ended": "signal"`) {
				t.Errorf("report: %s", report)
			}
			if n := read(t, ready); n != "1\n" {
				t.Errorf("attempts begun: %q", n)
			}
		})
	}
}

// A signal in a delay ends it at once.
func TestStoppedInDelay(t *testing.T) {
	ready := temp(t)
	r := start(t, "--delays 0,1h --report "+ready+".json -- sh -c", "echo >> "+ready+"; exit 3")
	eventually(t, "an attempt", has(ready, "\n"))
	time.Sleep(100 * time.Millisecond) // for the delay to begin; before it, the outcome is the same
	r.signal(syscall.SIGTERM)
	got := r.end() // in less than a minute
	got.is(t, 143, "")
	got.says(t, "told to stop by SIGTERM")
	if report := read(t, ready+".json"); !strings.Contains(report, `"exit_code": 143`) {
		t.Errorf("report: %s", report)
	}
}

// Each of these reaches every process of the group, and does not end the call.
func TestSignalsReachTheWholeGroup(t *testing.T) {
	names := map[string]syscall.Signal{"USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2, "WINCH": syscall.SIGWINCH, "ALRM": syscall.SIGALRM,
		"VTALRM": syscall.SIGVTALRM, "IO": syscall.SIGIO, "TTIN": syscall.SIGTTIN, "TTOU": syscall.SIGTTOU}
	maps.Copy(names, furtherSignals)
	for name, sig := range names {
		dir := t.TempDir()
		child := `trap "echo >> ` + dir + `/got$0; exit 0" ` + name + `; mkfifo ` + dir + `/fifo$0; exec 9<>` + dir + `/fifo$0; echo > ` + dir + `/ready$0; while :; do read -t 0.02 -u 9; done` // a sleep would be stopped
		r := start(t, "-n 1 -- bash -c", `trap : `+name+`; bash -c '`+child+`' 1 & bash -c '`+child+`' 2 & wait; wait; wait; exit 9`)
		both := func(what string) func() bool {
			return func() bool {
				found, _ := filepath.Glob(dir + "/" + what + "[12]")
				return len(found) == 2
			}
		}
		eventually(t, "both children", both("ready"))
		r.signal(sig)
		eventually(t, name+" in both", both("got"))
		if got := r.end(); got.code != 9 {
			t.Errorf("exit code %d, want the command's own 9: %s", got.code, got.stderr)
		}
	}
}

// Who doesn't obey TERM is killed after the grace.
func TestKilledAfterGrace(t *testing.T) {
	ready := temp(t)
	stubborn := `trap "" TERM INT; echo > ` + ready + `; while :; do sleep 0.05; done`
	r := start(t, "--grace 300ms -- sh -c", stubborn)
	eventually(t, "the command", has(ready, "\n"))
	told := time.Now()
	r.signal(syscall.SIGTERM)
	got := r.end()
	got.is(t, 143, "")
	if took := time.Since(told); took < 300*time.Millisecond {
		t.Errorf("killed after %v, before the grace was over", took)
	}
	got.says(t, "died of SIGKILL")
}

// --kill-signal asks all of the attempt to end, in the place of TERM; KILL follows all the same.
func TestKillSignal(t *testing.T) {
	got := temp(t)
	syscall.Mkfifo(got+".fifo", 0o600)
	told := `trap 'echo $0 INT >> ` + got + `; exit' INT; trap 'echo $0 TERM >> ` + got + `' TERM; `
	inTime(t, time.Second, func(limit time.Duration) bool {
		os.Remove(got)
		up := temp(t)
		r := start(t, "-q -n 1 --grace 1h --kill-signal sigint -t "+limit.String()+" -- bash -c", told+`bash -c "$1" child`, "parent",
			told+`echo > `+up+`; while :; do read -t 0.02 <> `+got+`.fifo; done`)
		r.end().is(t, 124, "")
		if _, err := os.Stat(up); err != nil {
			return false
		}
		if text := read(t, got); text != "child INT\nparent INT\n" {
			t.Errorf("%q", text)
		}
		return true
	})
	r := start(t, "-q -n 1 -t 300ms --grace 300ms --kill-signal USR1 -- sh -c", `trap "" USR1; while :; do sleep 0.05; done`)
	r.end().is(t, 124, "")
	r = start(t, "-q -n 1 -t 300ms --grace 1h --kill-signal KILL -- sh -c", `trap "" TERM INT; while :; do sleep 0.05; done`)
	r.end().is(t, 124, "")
	// What we are sent is passed on as it is.
	os.Remove(got)
	r = start(t, "-q --kill-signal INT -- bash -c", `trap 'exit 9' TERM; trap 'exit 8' INT; echo up > `+got+`; while :; do read -t 0.02 <> `+got+`.fifo; done`)
	eventually(t, "the command", has(got, "up"))
	r.signal(syscall.SIGTERM)
	r.end().is(t, 143, "")
}

// A second INT doesn't wait for the grace.
func TestSecondInterruptKills(t *testing.T) {
	ready := temp(t)
	got := temp(t)
	r := start(t, "--grace 1h -- sh -c", `trap "echo >> `+got+`" INT; trap "" TERM; echo > `+ready+`; while :; do sleep 0.02; done`)
	eventually(t, "the command", has(ready, "\n"))
	r.signal(syscall.SIGINT)
	eventually(t, "the first INT", has(got, "\n"))
	r.signal(syscall.SIGINT)
	r.end().is(t, 130, "")
}

// A command that succeeds all the same, when it's told to stop, has succeeded.
func TestSuccessOnTerm(t *testing.T) {
	ready := temp(t)
	r := start(t, "-- sh -c", `trap "exit 0" TERM; echo > `+ready+`; while :; do sleep 0.02; done`)
	eventually(t, "the command", has(ready, "\n"))
	r.signal(syscall.SIGTERM)
	r.end().is(t, 0, "")
}

// An attempt's timeout ends all of its processes, those in groups of their own included.
func TestTimeoutEndsTheTree(t *testing.T) {
	ready := temp(t)
	for name, script := range map[string]string{
		"background": tree(ready),
		"pipeline":   "sleep 300 | cat | cat",
		"stopped":    "kill -STOP $$",
		"deaf":       `sh -c 'trap "" TERM; while :; do sleep 0.05; done' & wait`,
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, "-q -n 2 -i 1ms -t 300ms --grace 300ms -- sh -c", script)
			r.end().is(t, 124, "")
		})
	}
}

// What a command leaves behind when it has ended is ended as well; what it has yet
// to write is still written.
func TestNothingIsLeftBehind(t *testing.T) {
	r := start(t, "-n 1 --grace 300ms -- sh -c", "sleep 300 & exit 0")
	got := r.end()
	got.is(t, 0, "")
	got.says(t, "the command left processes running, which were ended")
	for _, mode := range []string{"stream", "last", "once"} {
		fifo := temp(t) // which ends when the command does
		r := start(t, "-n 1 --until x --output "+mode+" -- sh -c", "mkfifo "+fifo+"; (read none <"+fifo+"; echo x) & exec 9>"+fifo+"; exit 0")
		r.end().is(t, 0, "x\n")
	}
}

// No attempt starts before everything of the last one is gone.
func TestAttemptsDoNotOverlap(t *testing.T) {
	log := temp(t)
	slow := `trap "sleep 0.2; echo end >> ` + log + `; exit" TERM; echo start >> ` + log + `; while :; do sleep 0.02; done`
	for _, end := range []string{"sleep 300", "exit 1"} {
		inTime(t, 500*time.Millisecond, func(limit time.Duration) bool {
			os.WriteFile(log, nil, 0o600)
			if end == "exit 1" {
				limit = 0
			}
			start(t, "-q -n 3 -i 1ms --grace 1h -t "+limit.String()+" -- sh -c",
				`sh -c '`+slow+`' & while [ $(grep -c start `+log+`) -lt $RETRY_ATTEMPT ]; do sleep 0.01; done; `+end).end()
			got, want := read(t, log), strings.Repeat("start\nend\n", 3)
			if limit > 0 && strings.Count(got, "start") < 3 {
				return false
			}
			if got != want {
				t.Errorf("%s: %q, want %q", end, got, want)
			}
			return true
		})
	}
}

// One that got away into a session of its own is not waited for, though it holds the pipe.
func TestPipeHeldByEscapee(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("no setsid(1)")
	}
	pid := temp(t)
	for _, mode := range []string{"last", "once"} {
		r := sh(t, "-n 1 --output "+mode, "echo before; setsid sh -c 'echo $$ > "+pid+"; exec sleep 300' 2>&1 & while [ ! -s "+pid+" ]; do sleep 0.01; done; echo after")
		r.is(t, 0, "before\nafter\n")
		exec.Command("kill", strings.TrimSpace(read(t, pid))).Run()
	}
}

// nohup's HUP stays ignored, by us and by the command.
func TestIgnoredSignalStaysIgnored(t *testing.T) {
	ready := temp(t)
	cmd := exec.Command("sh", "-c", `trap "" HUP; exec "$@"`, "sh", binary, "-n", "1", "sh", "-c",
		"echo > "+ready+"; while [ -e "+ready+" ]; do sleep 0.02; done; kill -HUP $$; exit 5")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the command", has(ready, "\n"))
	cmd.Process.Signal(syscall.SIGHUP)
	os.Remove(ready)
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 5 {
		t.Errorf("exit code %d, want 5", code)
	}
}

// If we are killed ourselves, then so is the command, where the system can do that.
func TestKilledOurselves(t *testing.T) {
	if !pdeathsig {
		t.Skip("the system can't")
	}
	ready := temp(t)
	r := start(t, "-- sh -c", "echo > "+ready+"; exec sleep 300")
	eventually(t, "the command", has(ready, "\n"))
	r.signal(syscall.SIGKILL)
	if got := r.end(); got.died != syscall.SIGKILL {
		t.Errorf("exit code %d", got.code)
	}
}
