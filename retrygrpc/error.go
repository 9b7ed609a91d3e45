package retrygrpc

import (
	"context"
	"errors"
	"strings"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/errtree"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// ErrUnknown is what the error of a call is, according to errors.Is, if the call was sent and not answered, so that it may
// have taken effect, and wasn't retried for that reason. The error has the status that it would have otherwise.
var ErrUnknown = errors.New("retrygrpc: sent but not answered: the call may have taken effect")

// An unknown is an error that is ErrUnknown.
type unknown struct{ error }

func (e *unknown) Error() string {
	return e.error.Error() + " (it may have taken effect, and wasn't retried since the method isn't known to be idempotent)"
}
func (e *unknown) Unwrap() error              { return e.error }
func (e *unknown) Is(target error) bool       { return target == ErrUnknown }
func (e *unknown) GRPCStatus() *status.Status { return statusOf(e.error) }

// A refused is the failure of a call whose server doesn't want it to be retried.
type refused struct{ error }

func (e *refused) Unwrap() error              { return e.error }
func (e *refused) GRPCStatus() *status.Status { return statusOf(e.error) }

// A timedOut is the failure of an attempt whose server has noticed first that Policy.Timeout is over: it was told.
type timedOut struct{ error }

func (e *timedOut) Unwrap() error              { return e.error }
func (e *timedOut) Is(target error) bool       { return target == retry.ErrTimeout }
func (e *timedOut) GRPCStatus() *status.Status { return statusOf(e.error) }

// A gaveUp is a *retry.Error that has a status, as the error of a gRPC call must.
type gaveUp struct {
	err    *retry.Error
	status *status.Status
}

func (e *gaveUp) Error() string              { return e.err.Error() }
func (e *gaveUp) Unwrap() error              { return e.err }
func (e *gaveUp) GRPCStatus() *status.Status { return e.status }

// withStatus returns e with the status of its last failure or, if ctx has ended the call, that of ctx.
func withStatus(ctx context.Context, e *retry.Error) error {
	st := statusOf(e.Last())
	if err := ctx.Err(); err != nil && errtree.Is(e.Reason, err) {
		st = status.FromContextError(err)
	} else if st == nil {
		st = status.New(codes.Internal, "")
	}
	p := st.Proto()
	p.Message = strings.TrimPrefix(e.Error(), "rpc error: code = "+st.Code().String()+" desc = ")
	return &gaveUp{e, status.FromProto(p)}
}
