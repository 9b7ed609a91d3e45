package retryaws

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/callagain/retry"
)

// Middleware adds to an operation's stack what makes its attempts. It belongs into APIOptions, of
// a client or of one operation, beside r as the Retryer; [Retryer.Configure] puts it there.
// Of several Retryers' middlewares the last one stands.
func (r *Retryer) Middleware(stack *middleware.Stack) error {
	if _, ok := stack.Finalize.Get(sdkLoop); !ok {
		return nil // nothing is sent: the URL is only signed
	}
	m := &caller{r}
	if _, ok := stack.Finalize.Get(m.ID()); ok {
		_, err := stack.Finalize.Swap(m.ID(), m)
		return err
	}
	if err := stack.Finalize.Insert(m, sdkLoop, middleware.Before); err != nil {
		return err
	}
	if err := stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("retryaws.number", number), sdkLoop, middleware.After); err != nil {
		return err
	}
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("retryaws.body", holdBody), middleware.After)
}

// sdkLoop is the ID of the SDK's own retry middleware.
const sdkLoop = "Retry"

// A caller makes each operation a call of its Retryer's policy.
type caller struct{ *Retryer }

func (*caller) ID() string { return "retryaws.call" }

// A call is what the attempts of one call have in common.
type call struct {
	*Retryer
	throttles
	made  int
	last  error // the latest attempt's failure
	final bool  // no further attempt can be made, whatever the test says
}

// An attempt is what the middlewares of one attempt have in common; it is in their context.
type attempt struct {
	retryer *Retryer
	begun   bool // the SDK's loop has begun it, whomever it follows
	ours    bool // it follows retryer
	lease   *lease
}

type attemptKey struct{}

// A result is what an attempt returns, apart from its failure.
type result struct {
	out  middleware.FinalizeOutput
	meta middleware.Metadata
}

func (m *caller) HandleFinalize(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	c := &call{Retryer: m.Retryer}
	if t, ok := ctx.Value(onceKey{}).(*throttles); ok {
		res, err := c.attempt(ctx, nil, in, next)
		return res.out, res.meta, m.hint(err, t)
	}
	p, err := c.policy(awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx))
	if err != nil {
		return middleware.FinalizeOutput{}, middleware.Metadata{}, err
	}
	test := p.Test
	p.Test = func() retry.Test { return c.judge(test()) }
	var outlive context.Context
	if p.Timeout > 0 || p.Within > 0 {
		outlive = ctx
	}
	res, err := retry.Get(ctx, p, func(ctx context.Context) (result, error) {
		res, err := c.attempt(ctx, outlive, in, next)
		return res, m.hint(err, &c.throttles)
	})
	return res.out, res.meta, err
}

// judge returns test, but for what can't be tried again whatever it says.
func (c *call) judge(test retry.Test) retry.Test {
	if test == nil {
		return nil
	}
	return func(err error) error {
		if stop := test(err); stop != nil || !c.final {
			return stop
		}
		return err
	}
}

// attempt makes one attempt. If outlive isn't nil, the attempt's context is ended before the
// answer's body is read, and the body lasts as long as outlive instead.
func (c *call) attempt(ctx, outlive context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (res result, err error) {
	req, _ := in.Request.(*smithyhttp.Request)
	if c.made++; c.made > 1 && req != nil {
		if err := req.RewindStream(); err != nil {
			c.final = true
			return res, fmt.Errorf("retryaws: the body can't be sent again: %w; it was after: %w", err, c.last)
		}
	}
	a := &attempt{retryer: c.Retryer}
	ctx = context.WithValue(ctx, attemptKey{}, a)
	if outlive != nil {
		ctx, a.lease = newLease(ctx)
	}
	res.out, res.meta, err = next.HandleFinalize(ctx, in)
	// Another Retryer has had its way with the operation; or the body was sent, once.
	c.final = a.begun && !a.ours || req != nil && req.GetStream() != nil && !req.IsStreamSeekable()
	if a.lease != nil {
		err = a.lease.settle(outlive, err)
	}
	c.last = err
	return res, err
}

// number tells the server the number of the attempt; to the SDK's loop it is always the first.
func number(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	const header, first = "Amz-Sdk-Request", "attempt=1"
	a := ctx.Value(attemptKey{}).(*attempt)
	a.begun = true
	req, ok := in.Request.(*smithyhttp.Request)
	if n := retry.Attempt(ctx); n > 1 && ok && a.ours {
		if rest, ok := strings.CutPrefix(req.Header.Get(header), first); ok {
			req.Header.Set(header, "attempt="+strconv.Itoa(n)+rest)
		}
	}
	return next.HandleFinalize(ctx, in)
}
