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
	err := retry.Do(ctx, p, func(ctx context.Context) error {
		pr := &u.first
		if u.again {
			pr = new(probe) // whoever gave up waiting for an attempt may have left it running
		}
		u.again = true
		if err := invoke(outgoing(ctx), method, req, reply, cc, pr.options(opts)...); err != nil {
			return u.failed(ctx, err, pr)
		}
		return nil
	})
	return u.end(err)
}
