package retryconnect

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"
	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/errtree"
	"github.com/callagain/retry/internal/rpc"
)

// A call is one call of a procedure.
type call struct {
	*settings
	ctx     context.Context // the caller's
	spec    connect.Spec
	peer    connect.Peer
	timeout time.Duration // of an attempt, or 0
	once    bool          // the policy has one attempt
	marked  error         // the latest failure with a mark of this package, and without
	raw     error
	hedges  *atomic.Int32 // nil without a Recorder
}

// newCall returns the call and its policy.
func (s *settings) newCall(ctx context.Context, spec connect.Spec, peer connect.Peer) (call, retry.Policy) {
	p := s.policyOf(ctx)
	if p.Name == "" {
		p.Name = spec.Procedure
	}
	if p.RetryIf == nil {
		p.RetryIf = Transient
	}
	if p.Budget == nil {
		p.Budget = s.budget(peer.Addr)
	}
	c := call{settings: s, ctx: ctx, spec: spec, peer: peer, timeout: p.Timeout, once: p.Attempts == 1}
	if s.recorder != nil {
		c.record(&p)
	}
	return c, p
}

func (s *settings) policyOf(ctx context.Context) retry.Policy {
	if own, ok := ctx.Value(policyKey{}).(*retry.Policy); ok {
		return *own
	}
	return s.policy
}

// isIdempotent reports whether the call may be retried although it may have taken effect.
func (c *call) isIdempotent(header http.Header) bool {
	return c.spec.IdempotencyLevel != connect.IdempotencyUnknown || c.idempotent != nil && c.idempotent(c.spec.Procedure) ||
		header.Get("Idempotency-Key") != "" || header.Get("X-Idempotency-Key") != "" || c.ctx.Value(idempotentKey{}) != nil
}

// failed returns what the policy is to be told of an attempt that failed with err.
func (c *call) failed(ctx context.Context, header http.Header, err error) error {
	return c.failedWith(ctx, header, err, hintOf(errorOf(err)))
}

// failedWith is failed for an attempt whose server has given the hint.
func (c *call) failedWith(ctx context.Context, header http.Header, err error, hint rpc.Hint) error {
	c.marked, c.raw = nil, nil
	switch {
	case hint.Stop:
		c.raw = &refused{err}
		c.marked = retry.Stop(c.raw)
	case c.fate(err) == lost && !c.isIdempotent(header):
		c.raw = err
		if Transient(err) || c.outOfTime(ctx, err) {
			c.raw = &unknown{err}
		}
		c.marked = retry.Stop(c.raw)
	case hint.Given:
		c.marked, c.raw = retry.After(err, hint.Wait), err
	case c.outOfTime(ctx, err):
		c.marked, c.raw = &timedOut{err}, err
	default:
		return err
	}
	return c.marked
}

// outOfTime reports whether an attempt that failed with err has exceeded Policy.Timeout. The server, who was told, may
// have noticed a little earlier.
func (c *call) outOfTime(ctx context.Context, err error) bool {
	if errtree.Is(context.Cause(ctx), retry.ErrTimeout) {
		return true
	}
	end, limited := ctx.Deadline()
	callers, _ := c.ctx.Deadline()
	e := errorOf(err)
	return e != nil && e.Code() == connect.CodeDeadlineExceeded && c.timeout > 0 && limited && !end.Equal(callers) && time.Until(end) < c.timeout/10
}

// end returns the error of the call for its caller: without marks, and with a code.
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
		return withCode(c.ctx, e)
	}
	return err
}
