//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
)

// ownBudgets has the budgets of a test in a folder of its own, which it returns.
func ownBudgets(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	os.Chmod(dir, 0o700)
	t.Setenv("XDG_RUNTIME_DIR", dir)
	return dir + "/retry"
}

// A down server takes connections, counts them, and says nothing.
func down(t *testing.T) (port string, count *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	count = new(atomic.Int64)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			count.Add(1)
			c.Close()
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, count
}

// Fifty at a time call a server that is down: with a shared budget it gets at most 1.2 times the calls, without four times.
func TestSharedBudgetHoldsTheLoad(t *testing.T) {
	ownBudgets(t)
	began := time.Now()
	for _, test := range []struct {
		flags       string
		calls       int
		least, most float64
	}{{"--budget fleet", 120, 1, 1.2}, {"", 50, 4, 4}} {
		port, count := down(t)
		cmd := exec.Command("sh", "-c", fmt.Sprintf(`seq %d | xargs -P 50 -n 1 "$0" -q -n 4 -i 1ms %s -- bash -c 'exec 3<>/dev/tcp/127.0.0.1/%s && read -r answer <&3'`, test.calls, test.flags, port), binary)
		if out, err := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 123 { // as every one fails
			t.Fatalf("%v: %s", err, out)
		}
		load := float64(count.Load()) / float64(test.calls)
		t.Logf("%q: %.3f times the load", test.flags, load)
		if load > test.most || load < test.least {
			t.Errorf("%q: %.3f times the load, want %v to %v", test.flags, load, test.least, test.most)
		}
	}
	r := run(t, "--budget fleet --status --log json")
	var got struct{ Available, Granted, Refused int }
	refilled := 1 + int(time.Since(began).Minutes())
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || got.Available > refilled || got.Granted < 3 || got.Granted+got.Refused < 120 {
		t.Errorf("%+v, %v: %s", got, err, r.stdout)
	}
}

// What the budget says is the end of the call: said, reported, told to the hook, and with the code that was asked for.
func TestBudgetRefuses(t *testing.T) {
	ownBudgets(t)
	run(t, "--budget b --status").is(t, 0, "budget b: 3 retries available, never used\n")
	r := run(t, "-i 0 --budget b -- sh -c", "exit 7") // three, as the library has it
	r.is(t, 7, "")
	r.says(t, "attempt 4 of 10: exit code 7", "gave up after", "the budget b allows no retry now")
	report := temp(t)
	r = run(t, "-i 0 -o last --budget b --exhausted-code 9 --report "+report+" --on-giveup", "echo because: $RETRY_REASON", "sh", "-c", "echo out; exit 7")
	r.is(t, 9, "out\n")
	r.says(t, "because: budget")
	if got := read(t, report); !strings.Contains(got, `"ended": "budget"`) || strings.Count(got, `{"attempt":`) != 1 {
		t.Error(got)
	}
	if r := run(t, "--budget b --status"); !strings.HasPrefix(r.stdout, "budget b: 0 retries available, 3 granted and 2 refused since ") {
		t.Error(r.stdout)
	}
	// Ten successes earn one, whoever has them; and other names have other budgets.
	for range 30 { // and what they earn fades
		run(t, "--budget b true").is(t, 0, "")
	}
	if r := run(t, "--budget b --status"); !regexp.MustCompile(`^budget b: [1-3] retr(y|ies) available, `).MatchString(r.stdout) {
		t.Error(r.stdout)
	}
	run(t, "-q -n 2 -i 0 --budget b", "sh", "-c", "echo $RETRY_ATTEMPT; exit 1").is(t, 1, "1\n2\n")
	run(t, "-q -n 2 -i 0 --budget c", "sh", "-c", "echo $RETRY_ATTEMPT; exit 1").is(t, 1, "1\n2\n")
	// A call that needs no retry takes none, and one that may not make any either.
	run(t, "-q -n 1 --budget d false").is(t, 1, "")
	sh(t, "-q -n 2 --within 1s --budget d --delays 0,1h", "exit 1").is(t, 124, "")
	if r := run(t, "--budget d --status"); !strings.HasPrefix(r.stdout, "budget d: 3 retries available, never used") {
		t.Error(r.stdout)
	}
}

// A delay that is cut short gives back what it took.
func TestBudgetIsGivenBack(t *testing.T) {
	dir := ownBudgets(t)
	r := start(t, "--delays 0,1h --budget b false")
	eventually(t, "a retry", has(dir+"/b.json", `"Granted":1`))
	r.signal(syscall.SIGTERM)
	r.end().is(t, 143, "")
	run(t, "-q -n 5 -i 0 --budget b --on-retry", "[ $RETRY_ATTEMPT = 1 ] && exit 99; :", "false").is(t, 1, "")
	if r := run(t, "--budget b --status"); !strings.HasPrefix(r.stdout, "budget b: 3 retries available, 0 granted and 0 refused") {
		t.Error(r.stdout)
	}
}

// The folder of budgets is nobody else's, or there is none.
func TestBudgetFolder(t *testing.T) {
	tmp := t.TempDir()
	own := filepath.Join(tmp, fmt.Sprintf("retry-%d", os.Geteuid()))
	env := []string{"TMPDIR=" + tmp, "XDG_RUNTIME_DIR="}
	try := func(says string) {
		t.Helper()
		r := runWith(t, nil, env, "--budget", "b", "echo", "ran")
		if says != "" {
			r.is(t, 125, "")
			r.says(t, says)
		} else {
			r.is(t, 0, "ran\n")
		}
	}
	if _, err := os.Stat(fmt.Sprintf("/run/user/%d", os.Geteuid())); err != nil {
		for what, plant := range map[string]func() error{
			"a link":                   func() error { return os.Symlink(t.TempDir(), own) },
			"a file":                   func() error { return os.WriteFile(own, nil, 0o600) },
			"one that others can read": func() error { return errorsOf(os.Mkdir(own, 0o755), os.Chmod(own, 0o755)) },
			"somebody else's": func() error {
				return errorsOf(os.Mkdir(own, 0o700), os.Chown(own, 12345, 12345))
			},
		} {
			if os.Geteuid() != 0 && what == "somebody else's" {
				continue // only root can make one
			}
			os.RemoveAll(own)
			if err := plant(); err != nil {
				t.Fatal(what, err)
			}
			try("is not a folder of our own user with mode 0700; remove it, or set XDG_RUNTIME_DIR")
		}
		os.RemoveAll(own)
		try("")
		if info, err := os.Stat(own); err != nil || info.Mode() != os.ModeDir|0o700 {
			t.Errorf("%v, %v", info, err)
		}
	}
	// A runtime directory that isn't ours, or that others can write to, isn't used.
	other := t.TempDir()
	os.Chmod(other, 0o777)
	env[1] = "XDG_RUNTIME_DIR=" + other
	try("")
	if left, _ := os.ReadDir(other); len(left) != 0 {
		t.Errorf("it's used: %v", left)
	}
	os.Chmod(other, 0o700)
	try("")
	if b, err := os.ReadFile(other + "/retry/b.json"); err != nil {
		t.Errorf("%s, %v", b, err)
	}
}

func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// What can't be used is an error of our own, which says so.
func TestBudgetThatCannotBeUsed(t *testing.T) {
	dir := ownBudgets(t)
	run(t, "--budget b true").is(t, 0, "")
	os.WriteFile(dir+"/b.json", []byte("{"), 0o600)
	r := run(t, "-i 0 --budget b sh -c", "exit 7")
	r.is(t, 125, "")
	r.says(t, "the budget can't be asked", "b.json is not as we have written it; remove it")
	run(t, "--budget b --status").is(t, 125, "")
	os.WriteFile(dir+"/b.json", nil, 0o600) // what a power failure may leave
	run(t, "-q -i 0 -n 2 --budget b sh -c", "exit 7").is(t, 7, "")
	secret := temp(t)
	os.WriteFile(secret, nil, 0o600)
	os.Symlink(secret, dir+"/b.new") // nothing is written through a link
	run(t, "-i 0 --budget b sh -c", "exit 7").is(t, 125, "")
	os.Remove(dir + "/b.new")
	// Somebody holds the lock, and is stopped.
	held := exec.Command("flock", dir+"/b.lock", "sh", "-c", "echo; exec sleep 300")
	out, _ := held.StdoutPipe()
	if err := held.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { held.Process.Kill(); held.Wait() }()
	out.Read(make([]byte, 1))
	r = run(t, "-i 0 --budget b sh -c", "exit 7")
	r.is(t, 125, "")
	r.says(t, "another process has held", "is it stopped?")
	run(t, "-q -i 0 --within 300ms --budget b sh -c", "exit 7").is(t, 124, "")
	s := start(t, "-i 0 --budget b --on-giveup : sh -c", "echo up >> "+secret+"; exit 7")
	eventually(t, "the command", has(secret, "up"))
	s.signal(syscall.SIGTERM)
	s.end().is(t, 143, "")
}

// Killed at random while they use it, processes leave the budget's file as a whole, and the lock to others.
func TestBudgetSurvivesKills(t *testing.T) {
	dir := ownBudgets(t)
	const kills = 100
	var spent atomic.Int64
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range kills / 4 {
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), "RETRY_TEST_SPENDER=b")
				var said strings.Builder
				cmd.Stdout, cmd.Stderr = &said, &said
				if err := cmd.Start(); err != nil {
					t.Error(err)
					return
				}
				before := spent.Load()
				for began := time.Now(); spent.Load() < before+20 && time.Since(began) < 10*time.Second; {
					var r budgetRecord
					if b, err := os.ReadFile(dir + "/b.json"); err == nil { // without the lock: it's never half of one
						if err := json.Unmarshal(b, &r); err != nil || r.State.Spare < 0 || r.State.Spare > 3 || r.State.Earned < 0 || r.Granted < 0 {
							t.Errorf("%q, %v", b, err)
						}
						spent.Add(1)
					}
					time.Sleep(rand.N(time.Millisecond))
				}
				time.Sleep(rand.N(5 * time.Millisecond))
				cmd.Process.Kill()
				cmd.Wait()
				if said.Len() > 0 {
					t.Errorf("it says: %s", &said)
				}
			}
		})
	}
	all.Wait()
	if r := run(t, "--budget b --status"); r.code != 0 {
		t.Errorf("nobody has the lock, but: %s", r.stderr)
	}
	var names []string
	left, _ := os.ReadDir(dir)
	for _, e := range left {
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); got != "b.json b.lock" && got != "b.json b.lock b.new" {
		t.Errorf("left behind: %s", got)
	}
}

// Restored and stored by one process after the other, the budget grants what one that is never stored does.
func TestSharedBudgetIsTheLibrarys(t *testing.T) {
	ownBudgets(t)
	synctest.Test(t, func(t *testing.T) { // what they have fades: both are asked at the same instant
		shared, err := openBudget("b")
		if err != nil {
			t.Fatal(err)
		}
		var own retry.Budget
		for i := range 500 {
			time.Sleep(50 * time.Millisecond)
			if i%20 < 12 {
				own.Earn()
				if err := shared.settle(t.Context(), true); err != nil {
					t.Fatal(err)
				}
				continue
			}
			want := own.Take()
			got, err := shared.take(t.Context())
			shared.begun()
			if err != nil || got != want {
				t.Fatalf("step %d: %v, %v; want %v", i, got, err, want)
			}
		}
	})
}
