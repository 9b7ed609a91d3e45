package retrynats

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/callagain/retry"
)

// A job is the argument of the function that worker processes run.
type job struct {
	Fails int           // attempts that fail
	Takes time.Duration // of each attempt
	Kills int           // attempts that kill their process
	Hangs int           // attempts that don't end by themselves
}

// work registers the function of the worker processes. Each attempt's begin and end are told to say.
func work(e *Engine, p retry.Policy, say func(format string, a ...any)) (*Function[job, string], error) {
	return Register(e, "test.work", p, func(ctx context.Context, j job) (string, error) {
		a, _ := Current(ctx)
		say("begin %s %d", a.Key, a.Number)
		if a.Number <= j.Kills {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		if a.Number <= j.Hangs {
			j.Takes = 24 * time.Hour
		}
		select {
		case <-time.After(j.Takes):
		case <-ctx.Done():
			say("cause %s %d %v", a.Key, a.Number, context.Cause(ctx))
			return "", ctx.Err()
		}
		if a.Number <= j.Fails {
			say("fail %s %d", a.Key, a.Number)
			return "", errDown
		}
		say("end %s %d", a.Key, a.Number)
		return fmt.Sprintf("%s by %d", a.Key, os.Getpid()), nil
	})
}

// TestMain runs a worker process if this is one.
func TestMain(m *testing.M) {
	where := os.Getenv("RETRYNATS_WORKER")
	if where == "" {
		code := m.Run()
		for _, f := range atEnd {
			f()
		}
		os.Exit(code)
	}
	set := quick(Settings{Dir: where})
	if strings.Contains(where, "://") {
		set.Dir, set.URL = "", where
	}
	var mu sync.Mutex
	say := func(format string, a ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Printf(format+"\n", a...)
		if os.Getenv("RETRYNATS_TRACE") != "" {
			fmt.Fprintf(os.Stderr, time.Now().Format("05.000 ")+format+"\n", a...)
		}
	}
	if os.Getenv("RETRYNATS_TRACE") != "" {
		set.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	e, err := Open(context.Background(), set)
	if err != nil {
		say("error %v", err)
		os.Exit(1)
	}
	f, err := work(e, fast(5), say)
	if err != nil {
		say("error %v", err)
		os.Exit(1)
	}
	say("open")
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		w := strings.Fields(in.Text())
		switch w[0] {
		case "start":
			var j job
			fmt.Sscan(w[2], &j.Fails)
			j.Takes, _ = time.ParseDuration(w[3])
			fmt.Sscan(strings.Join(w[4:], " "), &j.Kills, &j.Hangs)
			if _, err := f.Start(context.Background(), w[1], j); err != nil {
				say("error %v", err)
			} else {
				say("started %s", w[1])
			}
		case "close":
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			say("closed %v", e.Close(ctx))
			cancel()
			os.Exit(0)
		}
	}
	os.Exit(0)
}

// quick are settings with which a test needn't wait long.
func quick(set Settings) Settings {
	set.Lease = or(set.Lease, time.Second)
	set.Crashes = retry.Policy{Attempts: 4, Backoff: retry.Constant(50 * time.Millisecond)}
	return set
}

// A process is a worker process and what it has said.
type process struct {
	cmd *exec.Cmd
	in  *os.File
	mu  sync.Mutex
	log []string
	end chan struct{}
}

func launch(t *testing.T, where string) *process {
	t.Helper()
	return launchBy(t, os.Args[0], where)
}

// launchBy starts a worker process of another binary than this.
func launchBy(t *testing.T, bin, where string) *process {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(bin), in: w, end: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), "RETRYNATS_WORKER="+where)
	p.cmd.Stdin, p.cmd.Stderr = r, os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r.Close()
	go func() {
		defer close(p.end)
		for s := bufio.NewScanner(out); s.Scan(); {
			p.mu.Lock()
			p.log = append(p.log, s.Text())
			p.mu.Unlock()
		}
		p.cmd.Wait()
	}()
	t.Cleanup(func() { p.kill(); w.Close() })
	// A call may kill it before it has said so.
	until(t, "a worker process opens", func() bool { return p.said("open") || p.said("error") || p.ended() })
	return p
}

func (p *process) ended() bool {
	select {
	case <-p.end:
		return true
	default:
		return false
	}
}

func (p *process) tell(format string, a ...any) { fmt.Fprintf(p.in, format+"\n", a...) }

func (p *process) said(prefix string) bool { return p.count(prefix) > 0 }

func (p *process) count(prefix string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.log {
		if strings.HasPrefix(l, prefix) {
			n++
		}
	}
	return n
}

func (p *process) kill() {
	p.cmd.Process.Signal(syscall.SIGCONT)
	p.cmd.Process.Kill()
	<-p.end
}
