package retrygrpc

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/callagain/retry"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"
)

// A Recorder is told what calls took beyond their first attempt, in the terms of gRFC A96. Package retryotel has one that makes metrics of
// it. It is used by all calls at the same time.
type Recorder interface {
	// RecordCall is called at the end of each call that was retried or hedged or has waited, with the context of the call. The
	// target is canonical, "dns:///shop:443"; one that may hold a secret is "other". The method has no leading slash, and is "other" if
	// it isn't one of generated code. A transparent retry is one that grpc-go made by itself since no server had seen the call; only
	// those of clients made with [DialOptions] are seen. The delay is the sum of the delays before attempts.
	RecordCall(ctx context.Context, target, method string, retries, transparentRetries, hedges int, delay time.Duration)
}

// WithRecorder sets what is told of retries and hedges. With [DialOptions] it is for all calls of the client.
func WithRecorder(r Recorder) Option {
	return Option{apply: func(s *settings) { s.recorder = r }}
}

// counts are of one call.
type counts struct{ transparent, hedges atomic.Int32 }

type countsKey struct{}

// record makes the call count, and the policy report it.
func (c *call) record(p *retry.Policy, cc *grpc.ClientConn, opts []grpc.CallOption) {
	n, r, observe, method := new(counts), c.recorder, p.Observe, c.method
	c.counts, c.ctx = n, context.WithValue(c.ctx, countsKey{}, n)
	p.Observe = func(ctx context.Context, e retry.Event) {
		if !e.Retry {
			retries, transparent, hedges := max(e.Attempt-1, 0), int(n.transparent.Load()), int(n.hedges.Load())
			if retries+transparent+hedges > 0 || e.Waited > 0 {
				r.RecordCall(ctx, targetLabel(cc), methodLabel(method, opts), retries, transparent, hedges, e.Waited)
			}
		}
		if observe != nil {
			observe(ctx, e)
		}
	}
}

func targetLabel(cc *grpc.ClientConn) string {
	if target := cc.CanonicalTarget(); !strings.ContainsAny(target, "?#@") {
		return target
	}
	return "other"
}

// methodLabel returns the method as gRFC A66 wants it in metrics, where any name that a program passes on would be a new series.
func methodLabel(method string, opts []grpc.CallOption) string {
	known := descriptor(method) != nil
	for _, o := range opts {
		_, static := o.(grpc.StaticMethodCallOption)
		known = known || static
	}
	if !known {
		return "other"
	}
	return strings.TrimPrefix(method, "/")
}

// transparent counts the attempts that grpc-go makes by itself.
type transparent struct{}

func (transparent) HandleRPC(ctx context.Context, s stats.RPCStats) {
	if b, ok := s.(*stats.Begin); ok && b.IsTransparentRetryAttempt {
		if n, ok := ctx.Value(countsKey{}).(*counts); ok {
			n.transparent.Add(1)
		}
	}
}

func (transparent) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (transparent) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (transparent) HandleConn(context.Context, stats.ConnStats)                       {}
