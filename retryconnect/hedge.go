package retryconnect

import (
	"context"
	"net/http"
	"strconv"
	"sync/atomic"

	"connectrpc.com/connect"
	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/rpc"
	"google.golang.org/protobuf/proto"
)

// WithHedge sends a unary call of these procedures a second time beside the first when its answer is slow, and takes the first answer;
// see [retry.HedgeSettings]. Procedures are written as for [Idempotent]; without procedures, it is for all. Only calls that are known to be
// idempotent are hedged, whatever the procedures here, and none with a context of [connect.NewClientContext], which can tell of one
// request alone, or whose message isn't a [proto.Message]. Codes unavailable and resource_exhausted and what isn't an answer don't win while another is to come.
//
// A hedge is part of its attempt: the policy sees one result. All have the same header, and so the same idempotency key, but for their
// number in Grpc-Previous-Rpc-Attempts. Those that don't win are canceled. A write that was canceled may still take effect after the
// call has returned: leave out procedures of which an old call must not follow a new one.
//
// Latencies and, without a Budget, the budget are those of each procedure of a host, unless there is a State. Drop is not used. Over HTTP/2
// all go through one connection. WithHedge panics if the settings make no sense.
func WithHedge(s retry.HedgeSettings, procedures ...string) Option {
	s.Drop = nil
	retry.Hedge(s, func(context.Context) (any, error) { return nil, nil }) // panics now, and not in a call
	return func(o *settings) {
		before := o.hedge
		o.hedge = func(procedure string) *retry.HedgeSettings {
			switch {
			case among(procedures, procedure):
				return &s
			case before != nil:
				return before(procedure)
			}
			return nil
		}
	}
}

// hedging returns the settings by which a call is hedged, or nil.
func (i *interceptor) hedging(c *call, header http.Header) *retry.HedgeSettings {
	if c.hedge == nil {
		return nil
	}
	s := c.hedge(c.spec.Procedure)
	if s == nil || !c.isIdempotent(header) || c.ctx.Value(callInfoKey()) != nil {
		return nil
	}
	own := *s
	if own.Name == "" {
		own.Name = c.spec.Procedure
	}
	if own.State == nil {
		own.State = i.hedges.Of(c.peer.Addr, c.spec.Procedure)
	}
	return &own
}

// A hedged call is sent by several goroutines at the same time. Some may go on when the caller has its answer, and changes the request for the
// next call. So they have nothing of the caller's.
type hedged struct {
	*call
	settings *retry.HedgeSettings
	next     connect.UnaryFunc
	message  proto.Message // a copy
	header   http.Header   // a copy
	sent     atomic.Int32
}

// newHedged returns the call if it is to be hedged, or nil.
func (i *interceptor) newHedged(c *call, next connect.UnaryFunc, req connect.AnyRequest) *hedged {
	s := i.hedging(c, req.Header())
	m, ok := req.Any().(proto.Message)
	if s == nil || !ok {
		return nil
	}
	return &hedged{call: c, settings: s, next: next, message: proto.Clone(m), header: req.Header().Clone()}
}

// attempt makes one attempt of the policy.
func (h *hedged) attempt(ctx context.Context) (connect.AnyResponse, error) {
	hints := new(rpc.Hints)
	s, err := retry.Hedge(*h.settings, func(ctx context.Context) (sending, error) { return h.send(ctx, hints) })(ctx)
	if s.err != nil {
		err = s.err
	} else if err != nil { // ctx was over first
		err = connect.NewError(codeOf(ctx.Err()), ctx.Err())
	}
	if err != nil {
		return nil, h.failedWith(ctx, h.header, err, hints.All())
	}
	return s.resp, nil
}

// A sending is what came of sending the call once.
type sending struct {
	resp connect.AnyResponse
	err  error
}

// send sends the call once. A failure that another sending might cure is returned with what holds back more of them.
func (h *hedged) send(ctx context.Context, hints *rpc.Hints) (sending, error) {
	if retry.Hedged(ctx) > 1 && h.hedges != nil {
		h.hedges.Add(1)
	}
	r := &request{connect.NewRequest(new(struct{})), h, h.header.Clone()}
	if n := h.sent.Add(1); n > 1 {
		r.header[attemptsKey] = []string{strconv.Itoa(int(n) - 1)}
	}
	resp, err := h.next(ctx, r)
	if err == nil {
		return sending{resp: resp}, nil
	}
	e := errorOf(err)
	hint := hintOf(e)
	hints.Add(hint)
	s := sending{err: err}
	if h.fate(err) == answered && e.Code() != connect.CodeUnavailable && e.Code() != connect.CodeResourceExhausted {
		return s, retry.Stop(err) // another server would give it as well
	}
	return s, hint.Mark(err)
}

// A request is that of one sending.
type request struct {
	connect.AnyRequest // for what connect-go writes
	of                 *hedged
	header             http.Header
}

func (r *request) Any() any            { return r.of.message }
func (r *request) Spec() connect.Spec  { return r.of.spec }
func (r *request) Peer() connect.Peer  { return r.of.peer }
func (r *request) Header() http.Header { return r.header }
