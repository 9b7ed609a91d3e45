package retryconnect

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"connectrpc.com/connect"
	"github.com/callagain/retry"
	numbers "github.com/callagain/retry/internal/attempt"
	"github.com/callagain/retry/internal/errtree"
)

// RetryLater returns an error for a server's handler to return: unavailable, and the wish that the client comes back after d and
// not sooner. It must not be used by a handler that has done something already. A d that isn't positive asks for no wait in
// particular.
//
// It is said in three ways, since clients look in different places: by google.rpc.RetryInfo in the details, by
// Grpc-Retry-Pushback-Ms, rounded up to a millisecond, and by Retry-After, rounded up to a second.
func RetryLater(d time.Duration) *connect.Error {
	d = max(d, 0)
	e := connect.NewError(connect.CodeUnavailable, errors.New("overloaded, please retry later"))
	e.Meta().Set(pushbackKey, roundUp(d, time.Millisecond))
	if d > 0 {
		e.Meta().Set(retryAfterKey, roundUp(d, time.Second))
	}
	if detail, err := retryInfo(d); err == nil {
		e.AddDetail(detail)
	}
	return e
}

func roundUp(d, unit time.Duration) string {
	n := d / unit
	if d%unit > 0 {
		n++
	}
	return strconv.FormatInt(int64(n), 10)
}

// DoNotRetry returns err for a server's handler to return, and tells the client not to retry, whatever its code, by a
// Grpc-Retry-Pushback-Ms of -1. DoNotRetry(nil) is nil.
func DoNotRetry(err error) error {
	if err == nil {
		return nil
	}
	old := errorOf(err)
	e := connect.NewError(connect.CodeOf(err), err)
	if old != nil {
		e = connect.NewError(old.Code(), &sameText{err, old.Message()})
		for _, d := range old.Details() {
			e.AddDetail(d)
		}
		if !connect.IsWireError(old) { // another server's headers aren't this one's
			for k, v := range old.Meta() {
				e.Meta()[k] = v
			}
		}
	}
	e.Meta().Set(pushbackKey, "-1")
	return e
}

// A sameText is an error whose text has no code.
type sameText struct {
	error
	text string
}

func (e *sameText) Error() string { return e.text }
func (e *sameText) Unwrap() error { return e.error }

// ClientAttempt returns the number of the client's attempt, given the header of a request that a server has got. It is 1
// unless the client says otherwise. Any client can send any number, so nothing should depend on it that a client must not
// choose.
func ClientAttempt(header http.Header) int {
	values := header[attemptsKey]
	if len(values) != 1 {
		return 1
	}
	n, err := strconv.ParseUint(values[0], 10, 20)
	if err != nil {
		return 1
	}
	return int(n) + 1
}

// WrapStreamingHandler is part of [connect.Interceptor].
func (i *interceptor) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		return noMultiple(next(attempted(ctx, conn.RequestHeader()), conn))
	}
}

// attempted returns a handler's context with the number of the client's attempt.
func attempted(ctx context.Context, header http.Header) context.Context {
	if n := ClientAttempt(header); n > 1 {
		return numbers.With(ctx, n)
	}
	return ctx
}

func noMultiple(err error) error {
	_, gaveUp := errtree.AsType[*retry.Error](err)
	_, wasRefused := errtree.AsType[*refused](err)
	if gaveUp || wasRefused {
		return DoNotRetry(err)
	}
	return err
}
