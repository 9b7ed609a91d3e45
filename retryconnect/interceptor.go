package retryconnect

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"connectrpc.com/connect"
	"github.com/callagain/retry"
)

// NewInterceptor returns an interceptor that retries a client's calls as p says. Policy.Name, if it is empty, is the procedure.
// A nil RetryIf is [Transient]. Without a Budget there is one for each host; see [WithBudget].
//
// A call that gives up returns a [*connect.Error] that is also a [*retry.Error], according to errors.As. Its code is that of the
// last failure or, if the caller's context is over, of the context. The second attempt and those after it tell the server their
// number, in the header Grpc-Previous-Rpc-Attempts.
//
// Calls with streams are retried until the first message has arrived or the response's headers were asked for. After that a
// failure is the caller's, who alone knows what to do about the messages it has had. What the caller sends is kept until
// then, up to 256 KiB; if it is more, the call isn't retried. Failures are found, and retries are made, in the
// first call of Receive. Policy.Timeout and Within count from there; they limit the wait for the first message, and not the stream.
//
// For a server's handlers the interceptor adds [DoNotRetry] to what a handler returns if that is a [*retry.Error], or what a client of this
// package returned since a server had said DoNotRetry. What the handler itself has called was retried enough, so that its
// client's retries would only multiply that.
//
// Of several interceptors it should be the last, so that the others see a call and not its attempts.
func NewInterceptor(p retry.Policy, opts ...Option) connect.Interceptor {
	i := &interceptor{policy: p}
	i.budget = i.hosts.budget
	for _, o := range opts {
		o(i)
	}
	return i
}

type interceptor struct {
	policy     retry.Policy
	budget     func(host string) *retry.Budget
	idempotent func(procedure string) bool // nil for none
	hosts      hosts
}

// A call is one call of a procedure.
type call struct {
	*interceptor
	ctx     context.Context // the caller's
	spec    connect.Spec
	timeout time.Duration // of an attempt, or 0
	once    bool          // the policy has one attempt
	marked  error         // the latest failure with a mark of this package, and without
	raw     error
}

// newCall returns the call and its policy.
func (i *interceptor) newCall(ctx context.Context, spec connect.Spec, host string) (call, retry.Policy) {
	p := i.policyOf(ctx)
	if p.Name == "" {
		p.Name = spec.Procedure
	}
	if p.RetryIf == nil {
		p.RetryIf = Transient
	}
	if p.Budget == nil {
		p.Budget = i.budget(host)
	}
	return call{interceptor: i, ctx: ctx, spec: spec, timeout: p.Timeout, once: p.Attempts == 1}, p
}

func (i *interceptor) policyOf(ctx context.Context) retry.Policy {
	if own, ok := ctx.Value(policyKey{}).(*retry.Policy); ok {
		return *own
	}
	return i.policy
}

// isIdempotent reports whether the call may be made again although it may have taken effect.
func (c *call) isIdempotent(header http.Header) bool {
	return c.spec.IdempotencyLevel != connect.IdempotencyUnknown || c.idempotent != nil && c.idempotent(c.spec.Procedure) ||
		header.Get("Idempotency-Key") != "" || header.Get("X-Idempotency-Key") != "" || c.ctx.Value(idempotentKey{}) != nil
}

// failed returns what the policy is to be told of an attempt that failed with err.
func (c *call) failed(ctx context.Context, header http.Header, err error) error {
	e := errorOf(err)
	hint := hintOf(e)
	c.marked, c.raw = nil, nil
	switch {
	case hint.stop:
		c.raw = &refused{err}
		c.marked = retry.Stop(c.raw)
	case fateOf(e) == lost && !c.isIdempotent(header):
		c.raw = err
		if Transient(err) || c.outOfTime(ctx, connect.CodeOf(err)) {
			c.raw = &unknown{err}
		}
		c.marked = retry.Stop(c.raw)
	case hint.given:
		c.marked, c.raw = retry.After(err, hint.wait), err
	case c.outOfTime(ctx, connect.CodeOf(err)):
		c.marked, c.raw = &timedOut{err}, err
	default:
		return err
	}
	return c.marked
}

// outOfTime reports whether an attempt that failed with this code has exceeded Policy.Timeout. The server, who was told, may
// have noticed a little earlier.
func (c *call) outOfTime(ctx context.Context, code connect.Code) bool {
	if errors.Is(context.Cause(ctx), retry.ErrTimeout) {
		return true
	}
	end, limited := ctx.Deadline()
	callers, _ := c.ctx.Deadline()
	return code == connect.CodeDeadlineExceeded && c.timeout > 0 && limited && !end.Equal(callers) && time.Until(end) < c.timeout/10
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

// WrapUnary is part of [connect.Interceptor].
func (i *interceptor) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		if !req.Spec().IsClient {
			resp, err := next(ctx, req)
			return resp, noMultiple(err)
		}
		c, p := i.newCall(ctx, req.Spec(), req.Peer().Addr)
		told := tell(req.Header())
		resp, err := retry.Get(ctx, p, func(ctx context.Context) (connect.AnyResponse, error) {
			told.attempt(retry.Attempt(ctx))
			resp, err := next(ctx, req)
			if err != nil {
				return nil, c.failed(ctx, req.Header(), err)
			}
			return resp, nil
		})
		told.restore()
		if err != nil {
			return nil, c.end(err)
		}
		return resp, nil
	}
}

// A teller writes the number of an attempt into the header of a request, which is the caller's.
type teller struct {
	header http.Header
	before []string
	wrote  bool
}

func tell(header http.Header) *teller { return &teller{header: header, before: header[attemptsKey]} }

func (t *teller) attempt(n int) {
	if n > 1 {
		t.header[attemptsKey] = []string{strconv.Itoa(n - 1)}
		t.wrote = true
	}
}

func (t *teller) restore() {
	switch {
	case !t.wrote:
	case t.before == nil:
		delete(t.header, attemptsKey)
	default:
		t.header[attemptsKey] = t.before
	}
}
