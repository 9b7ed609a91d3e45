package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/cmd/retry/internal/proc"
)

// An attempt is one run of the command. As an error it says how it ended.
type attempt struct {
	number   int
	delay    time.Duration // before it
	start    time.Time
	took     time.Duration
	code     int            // 128+n if it died of signal n
	signal   syscall.Signal // that it died of, if it isn't 0
	timedOut bool           // we ended it, because of --timeout or --within
	startErr *proc.StartError
	matches  [patterns]bool
	asked    time.Duration // the delay it asked for
	left     bool          // processes that had to be ended
	unread   bool          // nobody reads our output any more
	record   *recording    // of its output, if it's known only later where that belongs
	broken   error         // what went wrong on our side
	reason   string        // how it ended, in words
	final    string        // why there is no other attempt, if its outcome says so
}

func (r *attempt) Error() string { return r.reason }

// exitCode is the one to end with if this was the last run.
func (r *attempt) exitCode() int {
	switch {
	case r.timedOut:
		return codeTimeout
	case r.code == 0:
		return codeUnmet
	}
	return r.code
}

func (r *attempt) describe(o *options) string {
	switch {
	case r.startErr != nil:
		return r.startErr.Error()
	case r.timedOut:
		return "timed out after " + short(r.took)
	case r.signal != 0:
		return "died of " + proc.Name(r.signal)
	case r.code == 0 && o.until != nil && !r.matches[until]:
		return "the output didn't match --until"
	case r.code == 0 && r.matches[retryStdout]:
		return "the output matches --retry-stdout"
	case r.code == 0 && r.matches[retryStderr]:
		return "standard error matches --retry-stderr"
	}
	return "exit code " + strconv.Itoa(r.code)
}

// run runs the command once.
func (c *call) run(ctx context.Context) *attempt {
	r := &attempt{number: retry.Attempt(ctx), delay: c.delay, start: time.Now()}
	c.say.starting(c, r)
	ctx, abort := context.WithCancelCause(ctx)
	defer abort(nil)

	in, err := c.stdin.open()
	if err != nil {
		r.broken = err
		return r
	}
	defer in.close()
	out, err := c.openOutput(abort)
	if err != nil {
		r.broken = err
		return r
	}
	hint := filepath.Join(os.TempDir(), "retry-"+c.id+".after")
	p, err := proc.Start(proc.Command{
		Args:       c.command,
		Env:        append(c.environment(r.number), "RETRY_AFTER_FILE="+hint),
		Stdin:      in.child,
		Stdout:     out.stdout.child,
		Stderr:     out.stderr.child,
		Grace:      c.grace,
		Foreground: !isPipe(os.Stdout),
	}, c.signals)
	in.started()
	out.started()
	if err != nil {
		out.discard()
		if !errors.As(err, &r.startErr) {
			r.broken = err
			return r
		}
		r.code = r.startErr.Code
		return r
	}
	ended, err := p.Wait(ctx)
	r.took = time.Since(r.start)
	r.code, r.signal, r.left = ended.Code, ended.Signal, ended.Left
	r.timedOut = ended.Cut
	r.broken = err
	out.finish(r)
	if r.asked, err = takeHint(hint, time.Now()); err != nil {
		c.say.problem(fmt.Errorf("what was left in $RETRY_AFTER_FILE: %w", err))
	}
	if r.signal == syscall.SIGPIPE || r.code == codeSignal+int(syscall.SIGPIPE) {
		r.unread = r.unread || proc.ReaderGone(os.Stdout)
	}
	if r.left {
		c.say.problem(errors.New("the command left processes running, which were ended"))
	}
	return r
}

// environment is what the command and the hooks see, at the attempt of this number.
func (c *call) environment(number int) []string {
	limit := "unlimited"
	if c.limit != retry.Unlimited {
		limit = strconv.Itoa(c.limit)
	}
	env := append(clean(os.Environ()),
		"RETRY_ATTEMPT="+strconv.Itoa(number),
		"RETRY_ATTEMPTS="+limit,
		"RETRY_ELAPSED="+strconv.Itoa(int(time.Since(c.started).Seconds())),
		"RETRY_ID="+c.id,
	)
	if c.last != nil {
		code := c.last.code
		if c.last.timedOut {
			code = codeTimeout
		}
		env = append(env, "RETRY_LAST_CODE="+strconv.Itoa(code))
	}
	return env
}

// clean leaves out what an outer retry set for its own command.
func clean(env []string) []string {
	kept := make([]string, 0, len(env)+8)
	for _, e := range env {
		switch name, _, _ := strings.Cut(e, "="); name {
		case "RETRY_ATTEMPT", "RETRY_ATTEMPTS", "RETRY_ELAPSED", "RETRY_ID", "RETRY_LAST_CODE", "RETRY_AFTER_FILE":
		default:
			kept = append(kept, e)
		}
	}
	return kept
}
