package retrygrpc

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/rpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// WithHedge sends a unary call of these methods a second time beside the first when its answer is slow, and takes the first answer;
// see [retry.HedgeSettings]. Methods are written as for [Idempotent]; without methods, it is for all. Only calls that are known to be
// idempotent are hedged, whatever the methods here, and whose messages are a [proto.Message]. UNAVAILABLE, RESOURCE_EXHAUSTED and what isn't an
// answer don't win while another is to come.
//
// A hedge is part of its attempt: the policy sees one result, and [grpc.OnFinish] one end. All have the same metadata, and so the same
// idempotency key, but for their number in grpc-previous-rpc-attempts. Those that don't win are canceled. A write that was canceled may
// still take effect after the call has returned: leave out methods of which an old call must not follow a new one.
//
// Latencies and, without a Budget, the budget are those of each method of a target, unless there is a State. Drop is not
// used. Attempts of 1 turns hedging off for a call. WithHedge panics if the settings make no sense.
//
// Where the hedge goes is for the client's balancer to say: with pick_first, which is the default, it goes to the server that is slow.
func WithHedge(s retry.HedgeSettings, methods ...string) Option {
	s.Drop = nil
	retry.Hedge(s, func(context.Context) (any, error) { return nil, nil }) // panics now, and not in a call
	return Option{apply: func(o *settings) {
		before := o.hedge
		o.hedge = func(method string) *retry.HedgeSettings {
			switch {
			case among(methods, method):
				return &s
			case before != nil:
				return before(method)
			}
			return nil
		}
	}}
}

// A hedged call is sent by several goroutines at the same time. Some may go on when the caller has its answer, and changes for the next call
// what it gave to this one. So they have nothing of the caller's.
type hedged struct {
	*call
	settings *retry.HedgeSettings
	invoke   func(ctx context.Context, req, reply any, opts []grpc.CallOption) error
	req      proto.Message // a copy
	kind     protoreflect.MessageType
	opts     []grpc.CallOption // those that can be shared
	sent     atomic.Int32

	callers []grpc.CallOption
	reply   proto.Message // the caller's
}

// newHedged returns the call if it is to be hedged, or nil.
func (c *client) newHedged(ca *call, cc *grpc.ClientConn, req, reply any, opts []grpc.CallOption) *hedged {
	s := c.hedging(ca, cc)
	in, isMessage := req.(proto.Message)
	out, too := reply.(proto.Message)
	if s == nil || !isMessage || !too {
		return nil
	}
	return &hedged{call: ca, settings: s, req: proto.Clone(in), kind: out.ProtoReflect().Type(), opts: shared(opts), callers: opts, reply: out}
}

// attempt makes one attempt of the policy.
func (h *hedged) attempt(ctx context.Context) error {
	hints := new(rpc.Hints)
	s, _ := retry.Hedge(*h.settings, func(ctx context.Context) (*sending, error) { return h.send(ctx, hints) })(ctx)
	if s == nil { // ctx was over first
		s = &sending{err: status.FromContextError(ctx.Err()).Err()}
	}
	s.deliver(h.callers)
	if s.err != nil {
		return h.failedWith(ctx, s.err, statusOf(s.err), &s.probe, hints.All())
	}
	proto.Reset(h.reply)
	proto.Merge(h.reply, s.reply)
	return nil
}

// send sends the call once. A failure that another sending might cure is returned with what holds back more of them.
func (h *hedged) send(ctx context.Context, hints *rpc.Hints) (*sending, error) {
	if retry.Hedged(ctx) > 1 && h.counts != nil {
		h.counts.hedges.Add(1)
	}
	s := &sending{reply: h.kind.New().Interface()}
	own := append(slices.Clip(h.opts), grpc.Header(&s.header))
	s.err = h.invoke(outgoing(ctx, int(h.sent.Add(1))), h.req, s.reply, s.probe.options(own))
	if s.err == nil {
		return s, nil
	}
	st := statusOf(s.err)
	hint := hintOf(st, s.probe.trailer)
	hints.Add(hint)
	if s.probe.isFinal(st) {
		return s, retry.Stop(s.err)
	}
	return s, hint.Mark(s.err)
}

// isFinal reports whether st is an answer that another server would give as well.
func (p *probe) isFinal(st *status.Status) bool {
	return len(p.trailer) > 0 && answeredFate(st, p.trailer) == answered &&
		st.Code() != codes.Unavailable && st.Code() != codes.ResourceExhausted
}

// hedging returns the settings by which a call is hedged, or nil.
func (c *client) hedging(ca *call, cc *grpc.ClientConn) *retry.HedgeSettings {
	s := ca.hedge(ca.method)
	if s == nil || !ca.isIdempotent(ca.ctx, ca.method) {
		return nil
	}
	own := *s
	if own.Name == "" {
		own.Name = ca.method
	}
	if own.State == nil {
		own.State = c.hedges.Of(cc.Target(), ca.method)
	}
	return &own
}
