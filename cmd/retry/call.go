package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/cmd/retry/internal/proc"
)

// A call is all attempts at the command.
type call struct {
	*options
	told           context.Context         // ends when a signal tells us to stop
	ctx            context.Context         // ends then, or when the time of --within is over
	quit           context.CancelCauseFunc // ends the attempts; what was said of the last one is still true
	signals        *proc.Signals
	stdin          *stdin
	stdout, stderr *outlet
	report         *report
	log            *logWriter    // the file of --log-file, or nil
	budget         *sharedBudget // nil if none was asked for
	say            *speaker
	name           string // of the command, to be shown
	id             string
	dir            string // for $RETRY_AFTER_FILE; "" if there can't be one
	started        time.Time
	most           int           // attempts
	longest        time.Duration // of them
	lastBegun      bool          // the one of --last-try, or its delay
	late           bool          // and there is no time for another
	made           int           // attempts so far
	inARow         int           // successful ones
	last           *attempt      // nil before the first has ended
	live           *live
	waiting        bool // for the next attempt, or no longer
}

// do makes the call and returns the exit code.
func (c *call) do() int {
	if c.within > 0 {
		var cancel context.CancelFunc
		c.ctx, cancel = context.WithDeadlineCause(c.told, c.started.Add(c.within), retry.ErrTooLate)
		defer cancel()
	}
	c.say = newSpeaker(c.options, c.stderr.writer(c.ctx), nil)
	defer c.clean()
	if err := c.open(); err != nil {
		if sig := proc.ToldBy(c.told); sig != 0 {
			return c.die(sig)
		}
		c.say.error(err)
		return codeOurs
	}
	end := c.makeAttempts()
	if err := c.report.finish(end); err != nil {
		c.say.error(fmt.Errorf("the report can't be written: %w", err))
		end.code = codeOurs
	}
	if err := c.log.broken(); err != nil {
		newSpeaker(c.options, c.stderr.writer(c.ctx), nil).error(fmt.Errorf("the log can't be written: %w", err))
		end.code = codeOurs
	}
	if end.signal != 0 {
		return c.die(end.signal)
	}
	if c.probes != nil && len(c.command) > 0 && end.kind == "succeeded" && end.code == 0 {
		c.clean()
		return c.become()
	}
	return end.code
}

// die ends us by sig, so that who runs us sees that it was a signal: a script around us that was interrupted goes on otherwise, and
// systemd calls any exit code a failure. Where it can't be, it returns the exit code.
func (c *call) die(sig syscall.Signal) int {
	c.clean()
	proc.Die(sig)
	return codeSignal + int(sig)
}

// clean removes what only the command needed.
func (c *call) clean() {
	if c.dir != "" {
		os.Chmod(c.dir, 0o700) // whatever the command has done to it
		os.RemoveAll(c.dir)
	}
}

// makeAttempts makes all attempts and delivers what came of them.
func (c *call) makeAttempts() ending {
	ctx, quit := context.WithCancelCause(c.ctx)
	defer quit(nil)
	c.quit = quit
	p := c.policy(c.observe)
	if c.lastTry {
		p.Decide = c.decide
	}
	err := retry.Do(ctx, p, c.try)
	c.live.stop()
	if err := c.budget.settle(c.ctx, err == nil); err != nil {
		c.say.problem(fmt.Errorf("the budget wasn't told: %w", err))
	}
	end := c.end(err)
	if c.last != nil && end.kind != "error" {
		if err := c.deliver(); err != nil {
			end = c.end(err)
		}
	}
	c.say.ended(c, end)
	if end.kind != "succeeded" && c.onGiveup != "" {
		// What ended the call is not to end the hook as well; a signal that comes now is.
		ctx, cancel := c.told, context.CancelFunc(func() {})
		if ctx.Err() != nil {
			ctx = context.WithoutCancel(ctx)
		}
		if c.within > 0 {
			end := c.started.Add(c.within)
			if least := time.Now().Add(c.grace); end.Before(least) {
				end = least
			}
			ctx, cancel = context.WithDeadline(ctx, end)
		}
		defer cancel()
		c.hook(ctx, "on-giveup", c.onGiveup, end.kind)
		if proc.ToldBy(c.told) != 0 {
			return c.end(context.Cause(c.told))
		}
	}
	return end
}

// try makes the next attempt, and says of it what package retry has to know.
func (c *call) try(ctx context.Context) error {
	c.live.stop()
	c.live, c.waiting = nil, false
	c.budget.begun()
	run := c.run
	if c.probes != nil {
		run = c.lookFor
	}
	r := run(ctx)
	c.made++
	c.longest = max(c.longest, r.took)
	if c.last != nil {
		c.last.record.close()
	}
	c.last = r
	verdict, why := c.judge(r)
	r.reason = r.describe(c)
	err := error(r)
	switch {
	case r.broken != nil:
		r.reason = r.broken.Error()
		err = retry.Stop(r.broken)
	case verdict == success:
		if c.inARow++; c.inARow >= c.consecutive {
			r.reason = "success"
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
		r.record.play(c.ctx, c.stderr, c.stderr)
	}
	if c.resetAfter > 0 && r.took >= c.resetAfter {
		err = retry.Progress(err)
	}
	if r.asked > 0 {
		err = retry.After(err, r.asked)
	}
	return err
}

// deliver writes what was recorded of the last attempt.
func (c *call) deliver() error {
	err := c.last.record.play(c.ctx, c.stdout, c.stderr)
	switch {
	case errors.Is(err, errStuck):
		return context.Cause(c.ctx)
	case errors.Is(err, syscall.EPIPE):
		c.last.broken = errors.New("the command's output can't be written: nobody reads it any more")
	case err != nil:
		c.last.broken = fmt.Errorf("the command's output can't be written: %w", err)
	}
	return err
}

// observe is told of each failure that another attempt follows.
func (c *call) observe(ctx context.Context, e retry.Event) {
	if !e.Retry {
		return
	}
	if !c.afford(ctx) {
		return
	}
	c.waiting = true
	c.say.retrying(c, e)
	if c.onRetry != "" && c.hook(ctx, "on-retry", c.onRetry, "retrying", fmt.Sprintf("RETRY_DELAY=%.3f", e.Delay.Seconds())) == codeStops {
		c.last.final = "the hook of --on-retry says so"
		c.quit(errors.New(c.last.final))
		return
	}
	c.live = c.say.countdown(c, e)
}

// afford reports whether the budget allows the next attempt. If not, there is none.
func (c *call) afford(ctx context.Context) bool {
	if c.budget == nil {
		return true
	}
	ok, err := c.budget.take(ctx)
	switch {
	case ok:
		return true
	case ctx.Err() != nil: // which is why
	case err != nil:
		c.last.broken = fmt.Errorf("the budget can't be asked: %w", err)
		c.quit(c.last.broken)
	default:
		c.quit(retry.ErrBudget)
	}
	return false
}
