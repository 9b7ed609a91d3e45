package retryaws

import (
	"context"
	"io"
	"net/http"
	"sync"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A lease lets an answer's body outlive the attempt that fetched it. The attempt's own context ends with the
// attempt, so the request is made in another one. That one follows first the attempt's context and then the
// caller's, until the body is closed.
type lease struct {
	cancel   context.CancelCauseFunc
	unfollow func() bool // of the attempt's context

	mu   sync.Mutex
	body io.Closer   // the latest answer's; nil once it is closed
	let  func() bool // unfollow of the caller's context, from when the attempt is over until the body is closed
}

// newLease returns the context to make the attempt in, whose own is ctx.
func newLease(ctx context.Context) (context.Context, *lease) {
	l := new(lease)
	longer, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	l.cancel = cancel
	l.unfollow = l.follow(ctx)
	return longer, l
}

func (l *lease) follow(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() { l.cancel(context.Cause(ctx)) })
}

// settle ends the attempt, and returns its failure.
func (l *lease) settle(attempt, caller context.Context, err error) error {
	inTime := l.unfollow()
	l.mu.Lock()
	body := l.body
	l.mu.Unlock()
	switch {
	case err != nil || body == nil:
		l.cancel(nil)
		return err
	case !inTime:
		// The time was over between the answer's header and here: the body would be cut.
		l.cancel(nil)
		body.Close()
		return context.Cause(attempt)
	}
	let := l.follow(caller)
	l.mu.Lock()
	closed := l.body == nil
	if !closed {
		l.let = let
	}
	l.mu.Unlock()
	if closed {
		let()
		l.cancel(nil)
	}
	return nil
}

func (l *lease) hold(body io.Closer) {
	l.mu.Lock()
	l.body = body
	l.mu.Unlock()
}

// release is called when the body was read or closed. During the attempt that ends nothing yet: if another
// Retryer has a loop of its own in there, more answers may come.
func (l *lease) release() {
	l.mu.Lock()
	let := l.let
	l.body, l.let = nil, nil
	l.mu.Unlock()
	if let != nil {
		let()
		l.cancel(nil)
	}
}

// holdBody makes the end of the answer's body the end of the attempt's lease.
func holdBody(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, meta middleware.Metadata, err error,
) {
	out, meta, err = next.HandleDeserialize(ctx, in)
	a := ctx.Value(attemptKey{}).(*attempt)
	res, ok := out.RawResponse.(*smithyhttp.Response)
	if a.lease == nil || !ok || res.Response == nil || res.Body == nil || res.Body == http.NoBody {
		return out, meta, err
	}
	a.lease.hold(res.Body)
	res.Body = &heldBody{res.Body, a.lease}
	return out, meta, err
}

type heldBody struct {
	io.ReadCloser
	lease *lease
}

func (b *heldBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.lease.release()
	}
	return n, err
}

func (b *heldBody) Close() error {
	err := b.ReadCloser.Close()
	b.lease.release()
	return err
}
