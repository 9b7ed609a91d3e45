package retrygrpc

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/destination"
	"github.com/callagain/retry/internal/errtree"
	"github.com/callagain/retry/internal/rpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// A client is what the interceptors of a client share.
type client struct {
	settings
	budgets destination.Budgets
	hedges  destination.Hedges
}

func newClient(p retry.Policy, opts []Option) *client {
	c := &client{settings: settings{policy: p}}
	c.budget = c.budgets.Of
	for _, o := range opts {
		o.to(&c.settings)
	}
	return c
}

// A call is one call of a method.
type call struct {
	*settings
	ctx     context.Context // the caller's
	method  string
	timeout time.Duration // of an attempt, or 0
	once    bool          // the policy has one attempt
	marked  error         // the latest failure with a mark of this package, and without
	raw     error
	counts  *counts // nil without a Recorder
}

// newCall returns the call and its policy.
func (c *client) newCall(ctx context.Context, method string, cc *grpc.ClientConn, opts []grpc.CallOption) (call, retry.Policy) {
	s := &c.settings
	for _, o := range opts {
		if o, ok := o.(Option); ok {
			if s == &c.settings {
				own := c.settings
				s = &own
			}
			o.to(s)
		}
	}
	p := s.policy
	if p.Name == "" {
		p.Name = method
	}
	if p.RetryIf == nil {
		p.RetryIf = Transient
	}
	if p.Budget == nil {
		p.Budget = s.budget(cc.Target())
	}
	ca := call{settings: s, ctx: ctx, method: method, timeout: p.Timeout, once: p.Attempts == 1}
	if s.recorder != nil {
		ca.record(&p, cc, opts)
	}
	return ca, p
}

// failed returns what the policy is to be told of an attempt that failed with err.
func (c *call) failed(ctx context.Context, err error, p *probe) error {
	st := statusOf(err)
	return c.failedWith(ctx, err, st, p, hintOf(st, p.trailer))
}

// failedWith is failed for an attempt with the status st, whose server has given the hint.
func (c *call) failedWith(ctx context.Context, err error, st *status.Status, p *probe, hint rpc.Hint) error {
	c.marked, c.raw = nil, nil
	switch {
	case hint.Stop:
		c.raw = &refused{err}
		c.marked = retry.Stop(c.raw)
	case p.fate(st, c.alone) == lost && !c.isIdempotent(ctx, c.method):
		c.raw = err
		if Transient(err) || c.outOfTime(ctx, st.Code()) {
			c.raw = &unknown{err}
		}
		c.marked = retry.Stop(c.raw)
	case hint.Given:
		c.marked, c.raw = retry.After(&pushedBack{err}, hint.Wait), err
	case c.outOfTime(ctx, st.Code()):
		c.marked, c.raw = &timedOut{err}, err
	default:
		return err
	}
	return c.marked
}

// outOfTime reports whether an attempt that failed with this code has exceeded Policy.Timeout. The server, who was told, may
// have noticed a little earlier.
func (c *call) outOfTime(ctx context.Context, code codes.Code) bool {
	if errtree.Is(context.Cause(ctx), retry.ErrTimeout) {
		return true
	}
	end, limited := ctx.Deadline()
	callers, _ := c.ctx.Deadline()
	return code == codes.DeadlineExceeded && c.timeout > 0 && limited && !end.Equal(callers) && time.Until(end) < c.timeout/10
}

// end returns the error of the call for its caller: without marks, and with a status.
func (c *call) end(err error) error {
	if err == nil {
		return nil
	}
	if c.marked != nil && err == c.marked {
		return c.raw
	}
	if e, ok := err.(*retry.Error); ok {
		if c.once && errors.Is(e.Reason, retry.ErrExhausted) {
			return e.Last() // which nobody has retried yet
		}
		return withStatus(c.ctx, e)
	}
	return err
}

// outgoing returns ctx with n, the number of the attempt, for the server, unless it is the first.
func outgoing(ctx context.Context, n int) context.Context {
	if n <= 1 {
		return ctx
	}
	md, ok := metadata.FromOutgoingContext(ctx) // a copy
	if !ok {
		md = metadata.MD{}
	}
	md.Set(attemptsKey, strconv.Itoa(n-1))
	return metadata.NewOutgoingContext(ctx, md)
}
