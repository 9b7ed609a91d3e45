package retry

import (
	"context"

	"github.com/callagain/retry/internal/probe"
)

func init() {
	probe.Set = func(policy any, p probe.Probe) any {
		q := policy.(Policy)
		q.probe = p
		return q
	}
	probe.Get = func(policy any) probe.Probe { return policy.(Policy).probe }
}

// probed is limited, with the probe told of the beginning and the end of the attempt.
func (c *call) probed(ctx context.Context, f func(context.Context) error) (failure, reason error) {
	o, ran := probe.Panicked, false
	ctx, begun := c.policy.probe.Begin(ctx, c.attempts)
	defer func() { c.policy.probe.End(begun, o, c.attempts, failure) }()
	failure, reason = c.policy.limited(ctx, c.deadline(), func(ctx context.Context) error {
		ran = true
		return f(ctx)
	})
	switch {
	case failure == nil && reason == nil:
		o = probe.Succeeded
	case ran:
		o = probe.Failed
	default:
		o = probe.Refused
	}
	return failure, reason
}
