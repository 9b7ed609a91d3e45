package retryconnect

import (
	"context"
	"net/http"
	"strconv"

	"connectrpc.com/connect"
	"github.com/callagain/retry"
)

// WrapUnary is part of [connect.Interceptor].
func (i *interceptor) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		if !req.Spec().IsClient {
			resp, err := next(attempted(ctx, req.Header()), req)
			return resp, noMultiple(err)
		}
		c, p := i.newCall(ctx, req.Spec(), req.Peer())
		if h := i.newHedged(&c, next, req); h != nil {
			resp, err := retry.Get(ctx, p, h.attempt)
			if err != nil {
				return nil, c.end(err)
			}
			return resp, nil
		}
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
