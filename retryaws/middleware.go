package retryaws

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	sdk "github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/callagain/retry"
)

// Middleware adds to an operation's stack what makes its attempts. It belongs in the APIOptions of
// a client, or of one operation, that has r as its Retryer. [Retryer.Configure] puts it there.
// If there are the middlewares of several Retryers, the last one is used.
func (r *Retryer) Middleware(stack *middleware.Stack) error {
	loop, ok := stack.Finalize.Get(sdkLoop)
	if !ok {
		return nil // nothing is sent: the URL is only signed
	}
	c := &caller{Retryer: r}
	_, c.polls = stack.Initialize.Get(sdkPolls)
	if c.loop, ok = loop.(*sdk.Attempt); ok {
		c.log = c.loop.LogAttempts
	}
	if _, ok := stack.Finalize.Get(c.ID()); ok {
		_, err := stack.Finalize.Swap(c.ID(), c)
		return err
	}
	if err := stack.Finalize.Insert(c, sdkLoop, middleware.Before); err != nil {
		return err
	}
	if err := stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("retryaws.number", number), sdkLoop, middleware.After); err != nil {
		return err
	}
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("retryaws.body", holdBody), middleware.After)
}

// The IDs of the SDK's own middlewares.
const (
	sdkLoop  = "Retry"
	sdkPolls = "SetLongPollingContext" // says that the operation is a long poll
)

// A caller makes an operation a call of its Retryer's policy. Like the stack that it is in, it belongs to one operation.
type caller struct {
	*Retryer
	loop  *sdk.Attempt
	log   bool // whether the SDK is to log attempts
	polls bool // whether the SDK says that the operation is a long poll
}

func (*caller) ID() string { return "retryaws.call" }

// A call is what the attempts of one call have in common.
type call struct {
	*caller
	made  int
	last  error // the latest attempt's failure
	final bool  // no further attempt can be made, whatever the policy says
}

// An attempt is what the middlewares of one attempt have in common; it is in their context.
type attempt struct {
	caller *caller
	begun  bool // the SDK's loop has begun it, whichever Retryer it follows
	ours   bool // it follows the caller's
	lease  *lease
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
	c := &call{caller: m}
	service, operation := awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)
	if pace, ok := ctx.Value(paceKey{}).(*pace); ok { // of Do or Get, which retry it
		pace.poll(m.polls, service, operation)
		res, err := c.attempt(ctx, nil, in, next)
		return res.out, res.meta, pace.mark(ctx, c.Retryer, err)
	}
	p, err := c.policy(service, operation)
	if err != nil {
		return middleware.FinalizeOutput{}, middleware.Metadata{}, err
	}
	pace := newPace(ctx, &p)
	if pace.poll(m.polls, service, operation) {
		pace.watch(&p)
	}
	var outlive context.Context
	if p.Timeout > 0 || p.Within > 0 {
		outlive = ctx
	}
	var bare, stopped error
	res, err := retry.Get(ctx, p, func(ctx context.Context) (result, error) {
		res, err := c.attempt(ctx, outlive, in, next)
		bare = pace.mark(ctx, c.Retryer, err)
		if c.final {
			stopped = retry.Stop(bare)
			return res, stopped
		}
		return res, bare
	})
	if err != nil && err == stopped {
		err = bare // the Stop was for this call only
	}
	c.logEnd(ctx, service, operation, err)
	pace.rest(ctx, p.Name, err)
	return res.out, res.meta, err
}

// attempt makes one attempt. If outlive isn't nil, the attempt's context is ended before the
// answer's body is read, and the body lasts as long as outlive instead.
func (c *call) attempt(ctx, outlive context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (res result, err error) {
	c.logAttempt(ctx)
	req, _ := in.Request.(*smithyhttp.Request)
	if c.made++; c.made > 1 && req != nil {
		if err := req.RewindStream(); err != nil {
			c.final = true
			return res, fmt.Errorf("retryaws: the body can't be sent again: %w; it was after: %w", err, c.last)
		}
	}
	a := &attempt{caller: c.caller}
	inner := context.WithValue(ctx, attemptKey{}, a)
	if outlive != nil {
		inner, a.lease = newLease(inner)
	}
	res.out, res.meta, err = next.HandleFinalize(inner, in)
	// Another Retryer has decided about the operation; or the body was sent, and can't be a second time.
	c.final = a.begun && !a.ours || req != nil && req.GetStream() != nil && !req.IsStreamSeekable()
	if a.lease != nil {
		err = a.lease.settle(ctx, outlive, err)
	}
	c.last = err
	return res, err
}

// number tells the server the number of the attempt. To the SDK's own loop each attempt is the first.
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
