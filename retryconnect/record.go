package retryconnect

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/callagain/retry"
)

// A Recorder is told what calls took beyond their first attempt, in the terms of gRFC A96. Package retryotel has one that makes metrics of
// it. It is used by all calls at the same time.
type Recorder interface {
	// RecordCall is called at the end of each call that was retried or hedged or has waited, with the context of the call. The
	// target is the host. The method has no leading slash. Retries that net/http makes by itself can't be seen, so transparentRetries
	// is 0. The delay is the sum of the delays before attempts.
	RecordCall(ctx context.Context, target, method string, retries, transparentRetries, hedges int, delay time.Duration)
}

// WithRecorder sets what is told of retries and hedges.
func WithRecorder(r Recorder) Option {
	return func(s *settings) { s.recorder = r }
}

// record makes the call count, and the policy report it.
func (c *call) record(p *retry.Policy) {
	n, r, observe := new(atomic.Int32), c.recorder, p.Observe
	host, procedure := c.peer.Addr, c.spec.Procedure
	c.hedges = n
	p.Observe = func(ctx context.Context, e retry.Event) {
		if !e.Retry {
			if retries, hedges := max(e.Attempt-1, 0), int(n.Load()); retries+hedges > 0 || e.Waited > 0 {
				r.RecordCall(ctx, host, strings.TrimPrefix(procedure, "/"), retries, 0, hedges, e.Waited)
			}
		}
		if observe != nil {
			observe(ctx, e)
		}
	}
}
