package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/cmd/retry/internal/proc"
)

// A call is all attempts at the command.
type call struct {
	*options
	signals *proc.Signals
	stdin   *stdin
	report  *report
	say     *speaker
	id      string
	started time.Time
	limit   int           // of attempts
	made    int           // attempts so far
	inARow  int           // successful ones
	last    *attempt      // nil before the first has ended
	delay   time.Duration // before the next attempt
	live    *live
	waiting bool // for the next attempt, or no longer
}

func newCall(o *options, s *proc.Signals) (*call, error) {
	c := &call{options: o, signals: s, id: fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64()), started: time.Now(), say: newSpeaker(o)}
	switch {
	case o.attempts != 0:
		c.limit = o.attempts
	case o.delays != nil:
		c.limit = len(o.delays)
	default:
		c.limit = 10
	}
	c.stdin = newStdin(os.Stdin)
	if o.report != "" {
		var err error
		if c.report, err = newReport(o.report, c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// do makes the call and returns the exit code.
func (c *call) do(ctx context.Context) int {
	end := ending{code: codeOurs, kind: "error", why: "it panicked"}
	defer func() {
		if err := c.report.finish(c, end); err != nil {
			c.say.problem(fmt.Errorf("the report: %w", err))
		}
	}()
	err := retry.Do(ctx, retry.Policy{
		Backoff: c.schedule(c.rand()),
		Timeout: c.timeout,
		Within:  c.within,
		Observe: c.observe,
	}, c.try)
	c.live.stop()
	end = c.end(ctx, err)
	if c.last != nil && end.code != codeOurs && c.deliver(c.last) != nil {
		end = c.end(ctx, err)
	}
	c.say.ended(c, end)
	if end.code != 0 && c.onGiveup != "" {
		// The context may be why it ended; a signal that comes now still gets through.
		c.hook(context.WithoutCancel(ctx), c.onGiveup, "RETRY_REASON="+end.kind)
	}
	if end.signal == syscall.SIGINT && proc.Columns(os.Stdin) > 0 {
		// So that a script that runs us is interrupted, too: a shell goes on after a
		// command that takes Ctrl-C for itself.
		c.report.finish(c, end)
		proc.Die(end.signal)
	}
	return end.code
}

// try makes the next attempt, and says of it what package retry has to know.
func (c *call) try(ctx context.Context) error {
	c.live.stop()
	c.live, c.waiting = nil, false
	r := c.run(ctx)
	c.made++
	if c.last != nil {
		c.last.record.close()
	}
	c.last = r
	c.delay = 0
	verdict, why := c.judge(r)
	r.reason = r.describe(c.options)
	err := error(r)
	switch {
	case r.broken != nil:
		r.reason = r.broken.Error()
		err = retry.Stop(r.broken)
	case verdict == success:
		if c.inARow++; c.inARow >= c.consecutive {
			r.reason = "success"
			if err = c.deliver(r); err != nil {
				break
			}
			c.report.add(r)
			return nil
		}
		r.reason = fmt.Sprintf("success, %d of %d in a row", c.inARow, c.consecutive)
	case verdict == stop:
		r.final = why
		err = retry.Stop(r)
	}
	if verdict != success {
		c.inARow = 0
	}
	c.report.add(r)
	if c.output == "once" {
		r.record.play(os.Stderr)
	}
	if c.resetAfter > 0 && r.took >= c.resetAfter {
		err = retry.Fresh(err)
	}
	if r.asked > 0 {
		err = retry.After(err, r.asked)
	}
	return err
}

// deliver writes what was recorded of the last attempt. It's not our
// error if nobody reads it.
func (c *call) deliver(r *attempt) error {
	if err := r.record.play(os.Stdout); err != nil && !errors.Is(err, syscall.EPIPE) {
		r.broken = fmt.Errorf("the command's output can't be written: %w", err)
		r.reason = r.broken.Error()
		return retry.Stop(r.broken)
	}
	return nil
}

// observe is told of each failure that another attempt follows.
func (c *call) observe(ctx context.Context, e retry.Event) {
	if e.Kind != retry.Retrying {
		return
	}
	c.delay, c.waiting = e.Delay, true
	c.say.retrying(c, e)
	if c.onRetry != "" {
		if c.within > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithDeadline(ctx, c.started.Add(c.within))
			defer cancel()
		}
		c.hook(ctx, c.onRetry, fmt.Sprintf("RETRY_DELAY=%.3f", e.Delay.Seconds()), "RETRY_REASON="+c.last.reason)
	}
	c.live = c.say.countdown(c, e)
}
