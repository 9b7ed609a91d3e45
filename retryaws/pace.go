package retryaws

import (
	"cmp"
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/override"
)

// A pace is what one call knows of how fast its service may be called. The operations of [Do] and [Get] share theirs.
type pace struct {
	ends time.Time // when the call must end; zero if there is no limit

	mu        sync.Mutex
	throttles retry.Position // in the schedule of throttled failures

	polls atomic.Bool   // an operation was a long poll
	delay time.Duration // the latest one that was planned, if it is watched
}

type paceKey struct{}

// newPace returns the pace of a call by p that begins now.
func newPace(ctx context.Context, p *retry.Policy) *pace {
	c := new(pace)
	c.ends, _ = ctx.Deadline()
	if p.Within > 0 {
		if ends := time.Now().Add(p.Within); c.ends.IsZero() || ends.Before(c.ends) {
			c.ends = ends
		}
	}
	return c
}

var errThrottled = errors.New("throttled")

// mark marks err with the time for which the server, or r for it, wants to be left alone.
func (c *pace) mark(ctx context.Context, r *Retryer, err error) error {
	if err == nil {
		return nil
	}
	var least time.Duration
	throttled := Throttled(err)
	if throttled {
		least = c.throttle(ctx, r)
	}
	switch hint, from := retryAfter(err); {
	case from == standardHint:
		return retry.After(err, c.spread(ctx, hint))
	case from == awsHint && hint > least:
		return retry.After(err, c.spread(ctx, min(hint, least+longest)))
	case throttled:
		return retry.After(err, least)
	}
	return err
}

// throttle returns the least delay after one more throttled failure of the call.
func (c *pace) throttle(ctx context.Context, r *Retryer) time.Duration {
	first := cmp.Or(r.ThrottleDelay, time.Second)
	schedule := retry.Exponential{Initial: first, Max: max(first, 20*time.Second), Jitter: retry.EqualJitter}
	o := override.From(ctx)
	if o != nil && o.Seed == 0 {
		schedule.Jitter = retry.NoJitter
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if o != nil {
		c.throttles.Seed = o.Seed
	}
	var d time.Duration
	c.throttles, d, _ = retry.Policy{Attempts: retry.Unlimited, Backoff: schedule}.Next(c.throttles, time.Now(), errThrottled)
	return d
}

// spread returns a little more than d, so that clients that were told the same don't come back together; but if d fits into
// the time that is left, so does the result.
func (c *pace) spread(ctx context.Context, d time.Duration) time.Duration {
	room := min(d/10, 10*time.Second, math.MaxInt64-d)
	if !c.ends.IsZero() {
		room = min(room, (time.Until(c.ends)-d)/2)
	}
	return d + override.Spread(ctx, room)
}

// poll notes whether an operation is a long poll, as the SDK says or as we know.
func (c *pace) poll(marked bool, service, operation string) bool {
	if !marked && !longPoll[service+"."+operation] {
		return false
	}
	c.polls.Store(true)
	return true
}

// The operations for which Retry Behavior 2.1 of the AWS SDKs prescribes a delay even if no retry is allowed. Their callers call
// them again at once, so the caller's own loop would be the hot loop that a budget is to prevent. SDK 1.48 itself marks only the
// first of them.
var longPoll = map[string]bool{
	"SQS.ReceiveMessage":      true,
	"SFN.GetActivityTask":     true,
	"SWF.PollForActivityTask": true,
	"SWF.PollForDecisionTask": true,
}

// watch notes the delays that p plans.
func (c *pace) watch(p *retry.Policy) {
	decide := p.Decide
	p.Decide = func(d *retry.Decision) {
		if decide != nil {
			decide(d)
		}
		c.delay = d.Delay
	}
}

// rest waits for the delay that was planned, if the budget refused the retry of a long poll.
func (c *pace) rest(ctx context.Context, name string, err error) {
	e, ok := err.(*retry.Error)
	if !ok || !errors.Is(e.Reason, retry.ErrBudget) || !c.polls.Load() || c.delay <= 0 {
		return
	}
	wait := retry.Policy{Name: name, Backoff: retry.List{c.delay}}
	late := retry.Do(ctx, wait, func(context.Context) error { return nil })
	if errors.Is(late, retry.ErrTooLate) && override.From(ctx) == nil {
		<-ctx.Done() // that comes first
	}
}
