package retryaws

import (
	"context"
	"io"
	"net/http"
	"sync"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A lease lets an answer's body outlive the attempt that fetched it. The attempt's own context
// is ended with it, so that what runs out of time stops; the request runs in
// another one, which follows first the attempt's context and then the caller's, until
// the body is closed.
type lease struct {
	cancel context.CancelCauseFunc

	mu       sync.Mutex
	unfollow func() bool
	body     io.Closer // the latest answer's, nil once it's closed
	settled  bool      // the attempt is over
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
func (l *lease) settle(caller context.Context, err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settled = true
	switch {
	case err != nil || l.body == nil:
		l.end()
		return err
	case !l.unfollow():
		// Its time ran out between the answer's header and here: the body would be cut.
		l.body.Close()
		return context.DeadlineExceeded
	}
	l.unfollow = l.follow(caller)
	return nil
}

func (l *lease) hold(body io.Closer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.body = body
}

// release is told that the body was read or closed. During the attempt that means nothing yet: where another
// Retryer has a loop of its own in there, more answers may come.
func (l *lease) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.body = nil; l.settled {
		l.end()
	}
}

func (l *lease) end() {
	l.unfollow()
	l.cancel(nil)
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
