package retrygrpc

import (
	"context"

	"github.com/callagain/retry"
	"google.golang.org/grpc"
)

func (c *client) unary(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	u := new(struct {
		call
		first probe
		again bool
	})
	var p retry.Policy
	u.call, p = c.newCall(ctx, method, cc, opts)
	if u.hedge != nil {
		if h := c.newHedged(&u.call, cc, req, reply, opts); h != nil {
			h.invoke = func(ctx context.Context, req, reply any, opts []grpc.CallOption) error {
				return invoke(ctx, method, req, reply, cc, opts...)
			}
			return u.end(retry.Do(u.ctx, p, h.attempt))
		}
	}
	err := retry.Do(u.ctx, p, func(ctx context.Context) error {
		pr := &u.first
		if u.again {
			pr = new(probe) // whoever gave up waiting for an attempt may have left it running
		}
		u.again = true
		if err := invoke(outgoing(ctx, retry.Attempt(ctx)), method, req, reply, cc, pr.options(opts)...); err != nil {
			return u.failed(ctx, err, pr)
		}
		return nil
	})
	return u.end(err)
}
