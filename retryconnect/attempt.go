package retryconnect

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"

	"connectrpc.com/connect"
	"github.com/callagain/retry"
)

// An attempt is one stream of connect-go's.
type attempt struct {
	connect.StreamingClientConn
	ctx     context.Context    // of the stream, if it isn't the first
	cancel  context.CancelFunc // nil if nothing but the caller's context limits the attempt
	over    bool               // it has failed; guarded by stream.mu
	failure chan error         // of Send, if that is left to a goroutine
}

// newAttempt returns an attempt to be made while ctx lasts, whose stream then goes on while the caller's context does.
func newAttempt(ctx, caller context.Context) *attempt {
	a := &attempt{ctx: ctx}
	if ctx.Done() != caller.Done() {
		a.ctx, a.cancel = context.WithCancel(withValues{caller, ctx})
	}
	return a
}

// begin makes the stream, with the header of the one before.
func (a *attempt) begin(open connect.StreamingClientFunc, spec connect.Spec, before http.Header) {
	a.StreamingClientConn = open(a.ctx, spec)
	header := a.RequestHeader()
	for k, v := range before {
		if k != "Connect-Timeout-Ms" && k != "Grpc-Timeout" { // what was left then
			header[k] = v
		}
	}
	header[attemptsKey] = []string{strconv.Itoa(retry.Attempt(a.ctx) - 1)}
}

// resend sends what the caller has sent so far.
func (a *attempt) resend(sent []any, closed bool) {
	for _, m := range sent {
		if a.Send(m) != nil {
			return // Receive says why
		}
	}
	if closed {
		a.CloseRequest()
	}
}

// receive receives a message, or says why the one that was to be sent couldn't be.
func (a *attempt) receive(m any) error {
	err := a.Receive(m)
	if err != nil {
		select {
		case failure := <-a.failure:
			if failure != nil && !errors.Is(failure, io.EOF) {
				return failure
			}
		default:
		}
	}
	return err
}

// limit runs f, and cancels the attempt if ctx ends before f does.
func (a *attempt) limit(ctx, caller context.Context, f func() error) error {
	if a.cancel == nil || ctx.Done() == caller.Done() {
		return f()
	}
	stop := context.AfterFunc(ctx, a.cancel)
	err := f()
	if !stop() && err == nil {
		return connect.NewError(connect.CodeDeadlineExceeded, ctx.Err()) // there was a message, but there won't be another
	}
	return err
}

func (a *attempt) end() {
	if a.cancel != nil {
		a.cancel()
	}
}

// withValues is a context with the values of another.
type withValues struct {
	context.Context
	values context.Context
}

func (c withValues) Value(key any) any { return c.values.Value(key) }
