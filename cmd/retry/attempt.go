package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
	stuck    bool          // its output didn't all get through, since nobody takes it
	unread   bool          // nobody reads our output any more
	record   *recording    // of its output, if it's known only later where that belongs
	broken   error         // what went wrong on our side
	missing  error         // why something isn't there that was looked for
	missed   string        // the same in words
	lasting  bool          // and it won't be
	reason   string        // how it ended, in words
	final    string        // why there is no other attempt, if its outcome says so
}

func (r *attempt) Error() string { return r.reason }

// Unwrap lets package retry see what a server asks for.
func (r *attempt) Unwrap() error { return r.missing }

// lastCode is the code that we would end with for how the command ended.
func (r *attempt) lastCode() int {
	if r.timedOut {
		return codeTimeout
	}
	return r.code
}

// exitCode is the one to end with if this was the last run, and no success.
func (r *attempt) exitCode() int {
	if code := r.lastCode(); code != 0 {
		return code
	}
	return codeUnmet
}

func (r *attempt) describe(c *call) string {
	switch {
	case r.startErr != nil:
		return c.name + ": " + r.startErr.Error()
	case r.timedOut:
		return "timed out after " + short(r.took)
	case r.missing != nil:
		return r.missed
	case r.signal != 0:
		return "died of " + proc.Name(r.signal)
	case r.stuck:
		return "nobody takes its output"
	case r.code == 0 && c.patterns[until] != nil && !r.matches[until]:
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
	r := &attempt{number: retry.Attempt(ctx), delay: retry.Delay(ctx), start: time.Now()}
	c.say.starting(c, r)
	outer := ctx
	ctx, abort := context.WithCancelCause(ctx)
	defer abort(nil)

	in, err := c.stdin.open(r.number == c.most && c.resetAfter == 0)
	if err != nil {
		r.broken = err
		return r
	}
	defer in.close()
	out, err := c.openOutput(outer, abort)
	if err != nil {
		r.broken = err
		return r
	}
	env, hint := c.environment(r.number), ""
	if c.dir != "" {
		// A name for each attempt: a file that can't be removed isn't obeyed again.
		hint = filepath.Join(c.dir, "after-"+strconv.Itoa(c.made))
		env = append(env, "RETRY_AFTER_FILE="+hint)
	}
	p, err := proc.Start(ctx, proc.Command{
		Args:       c.command,
		Env:        env,
		Stdin:      in.child,
		Stdout:     out.stdout.child,
		Stderr:     out.stderr.child,
		Stop:       c.killSignal,
		Grace:      c.grace,
		Foreground: !isPipe(os.Stdout),
	}, c.signals)
	in.started()
	out.started()
	if err != nil {
		out.discard(ctx)
		if !errors.As(err, &r.startErr) {
			r.broken = err
			return r
		}
		r.code = r.startErr.Code
		return r
	}
	ended, err := p.Wait(ctx)
	r.took = time.Since(r.start)
	r.code, r.signal = ended.Code, ended.Signal
	r.matches[until] = context.Cause(ctx) == errFound
	r.timedOut = ended.Cut && !r.matches[until]
	r.broken = err
	out.finish(ctx, r)
	if r.asked, err = takeHint(hint, time.Now()); err != nil {
		c.say.problem(fmt.Errorf("what was left in $RETRY_AFTER_FILE: %w", err))
	}
	for _, s := range []*stream{&out.stdout, &out.stderr} {
		asked, err := s.lines.delay(time.Now())
		if err != nil {
			c.say.problem(fmt.Errorf("the delay of --delay-from: %w", err))
		}
		r.asked = max(r.asked, asked)
	}
	r.unread = r.unread || r.code != 0 && proc.ReaderGone(os.Stdout)
	if ended.Left {
		c.say.problem(fmt.Errorf("the command left processes running, which were ended after %s; what they had still to do or to write is lost",
			short(min(c.grace, proc.Linger))))
	}
	return r
}

// environment is what the command and the hooks see, at the attempt of this number.
func (c *call) environment(number int) []string {
	limit := "unlimited"
	if c.most != unlimited {
		limit = strconv.Itoa(c.most)
	}
	env := append(outerEnvironment(),
		"RETRY_ATTEMPT="+strconv.Itoa(number),
		"RETRY_ATTEMPTS="+limit,
		"RETRY_ELAPSED="+strconv.Itoa(int(time.Since(c.started).Seconds())),
		"RETRY_ID="+c.id,
	)
	if c.last != nil {
		env = append(env, "RETRY_LAST_CODE="+strconv.Itoa(c.last.lastCode()))
	}
	return env
}

// outerEnvironment is that of whoever runs us, for whatever we run.
func outerEnvironment() []string { return slices.DeleteFunc(os.Environ(), isOurs) }

// isOurs reports whether a variable is for this run only, or was set by an outer one for its own command or hook.
func isOurs(variable string) bool {
	switch name, _, _ := strings.Cut(variable, "="); name {
	case "RETRY_OPTS", "RETRY_ATTEMPT", "RETRY_ATTEMPTS", "RETRY_ELAPSED", "RETRY_ID", "RETRY_LAST_CODE", "RETRY_AFTER_FILE",
		"RETRY_REASON", "RETRY_FAILURE", "RETRY_DELAY":
		return true
	}
	return false
}
