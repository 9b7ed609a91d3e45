package retryconnect

import (
	"context"
	"errors"
	"strings"

	"connectrpc.com/connect"
	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/errtree"
)

// ErrUnknown is what the error of a call is, according to errors.Is, if the call was sent and not answered, so that it may
// have taken effect, and wasn't retried for that reason. The error has the code that it would have otherwise.
var ErrUnknown = errors.New("retryconnect: sent but not answered: the call may have taken effect")

// An unknown is an error that is ErrUnknown.
type unknown struct{ error }

func (e *unknown) Error() string {
	return e.error.Error() + " (it may have taken effect, and wasn't retried since the procedure isn't known to be idempotent)"
}
func (e *unknown) Unwrap() error        { return e.error }
func (e *unknown) Is(target error) bool { return target == ErrUnknown }

// A refused is the failure of a call whose server doesn't want it to be retried.
type refused struct{ error }

func (e *refused) Unwrap() error { return e.error }

// A timedOut is the failure of an attempt whose server has noticed first that Policy.Timeout is over: it was told.
type timedOut struct{ error }

func (e *timedOut) Unwrap() error        { return e.error }
func (e *timedOut) Is(target error) bool { return target == retry.ErrTimeout }

// A gaveUp is a *retry.Error without the code at the beginning of its text, which connect-go puts there again.
type gaveUp struct {
	err  *retry.Error
	code connect.Code
}

func (e *gaveUp) Error() string { return strings.TrimPrefix(e.err.Error(), e.code.String()+": ") }
func (e *gaveUp) Unwrap() error { return e.err }

// withCode returns e with the code, details and metadata of its last failure or, if ctx has ended the call, the code of ctx.
func withCode(ctx context.Context, e *retry.Error) error {
	last := errorOf(e.Last())
	code := connect.CodeInternal
	if last != nil {
		code = last.Code()
	}
	if err := ctx.Err(); err != nil && errtree.Is(e.Reason, err) {
		last, code = nil, codeOf(err)
	}
	all := connect.NewError(code, &gaveUp{e, code})
	if last != nil && connect.IsWireError(last) {
		all = connect.NewWireError(code, &gaveUp{e, code}) // so that a server doesn't pass on another's headers as its own
	}
	if last != nil {
		for _, d := range last.Details() {
			all.AddDetail(d)
		}
		for k, v := range last.Meta() {
			all.Meta()[k] = v
		}
	}
	return all
}

// codeOf returns the code of a context's error.
func codeOf(err error) connect.Code {
	if errors.Is(err, context.DeadlineExceeded) {
		return connect.CodeDeadlineExceeded
	}
	return connect.CodeCanceled
}
