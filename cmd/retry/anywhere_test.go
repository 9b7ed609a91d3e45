package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// These tests need nothing of a system but what Go has: the command that is run is this program of tests, which does what
// the variable says. The others are for systems with a shell.
const actVariable = "RETRY_TEST_ACT"

func init() {
	if what := os.Getenv(actVariable); what != "" {
		act(what)
	}
}

// act does what a test's command is to do, and exits.
func act(what string) {
	what, arg, _ := strings.Cut(what, " ")
	switch what {
	case "fail":
		fmt.Println("said before it failed")
		os.Exit(7)
	case "third": // fails twice, then copies its input
		f, err := os.OpenFile(arg, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
		if err != nil {
			panic(err)
		}
		f.WriteString("x")
		f.Close()
		if done, _ := os.ReadFile(arg); len(done) < 3 {
			fmt.Println("said before it failed")
			os.Exit(1)
		}
		if _, err := io.Copy(os.Stdout, os.Stdin); err != nil {
			panic(err)
		}
		os.Exit(0)
	case "hang": // with a child that outlives it, if it can; once that has been there, there is nothing more to do
		if address, _ := os.ReadFile(arg); len(address) > 0 {
			os.Exit(0)
		}
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), actVariable+"=listen "+arg)
		if err := child.Run(); err != nil {
			panic(err)
		}
	case "listen":
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			panic(err)
		}
		if err := os.WriteFile(arg, []byte(l.Addr().String()), 0o666); err != nil {
			panic(err)
		}
		for {
			conn, err := l.Accept()
			if err != nil {
				panic(err)
			}
			io.WriteString(conn, arg)
			conn.Close()
		}
	}
	panic("nothing to do")
}

func runAct(t *testing.T, stdin io.Reader, args, what string) result {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return runWith(t, stdin, []string{actVariable + "=" + what}, append(strings.Fields(args), "--", self)...)
}

func TestAnywhereTheLastCodeIsOurs(t *testing.T) {
	r := runAct(t, nil, "-n 2 --delay 0", "fail")
	r.is(t, 7, strings.Repeat("said before it failed\n", 2))
	r.says(t, "exit code 7", "attempts used up")
}

func TestAnywhereInputIsReplayedAndOutputComesOnce(t *testing.T) {
	r := runAct(t, strings.NewReader("line\n"), "-n 5 --delay 0 --output once", "third "+temp(t))
	r.is(t, 0, "line\n")
}

func TestAnywhereTimeoutsEndAllThatWasStarted(t *testing.T) {
	name := temp(t)
	r := runAct(t, nil, "-n unlimited --delay 0 --timeout 2s --grace 100ms", "hang "+name)
	r.is(t, 0, "")
	r.says(t, "attempt 1")
	conn, err := net.Dial("tcp", read(t, name))
	if err != nil {
		return
	}
	defer conn.Close()
	// Whoever has the port by now may be a stranger.
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	if said, _ := io.ReadAll(io.LimitReader(conn, 1<<10)); string(said) == name {
		t.Error("the child of an attempt that timed out is still there")
	}
}

func TestAnywhereReportSaysWhatHappened(t *testing.T) {
	name := filepath.Join(t.TempDir(), "report.json")
	runAct(t, nil, "-q -n 2 --delay 0 --report "+name, "fail").is(t, 7, strings.Repeat("said before it failed\n", 2))
	var report struct {
		Attempts []struct {
			Code *int `json:"exit_code"`
		} `json:"attempts"`
	}
	if err := json.Unmarshal([]byte(read(t, name)), &report); err != nil || len(report.Attempts) != 2 || *report.Attempts[1].Code != 7 {
		t.Errorf("%v: %s", err, read(t, name))
	}
}

func TestAnywhereACommandThatIsNotThere(t *testing.T) {
	r := run(t, "--", "there-is-no-such-command")
	r.is(t, 127, "")
	if strings.Contains(r.stderr, "attempt 2") {
		t.Errorf("it was tried again: %s", r.stderr)
	}
}
