package grpc

import (
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrygrpc"
)

var policy = retry.Policy{
	Attempts: 4,
	Backoff:  retry.Exponential{Initial: time.Millisecond, Max: 10 * time.Millisecond},
}

func afterDial(target string, more ...grpc.DialOption) (*grpc.ClientConn, error) {
	opts := retrygrpc.DialOptions(policy, retrygrpc.Idempotent("/grpc.health.v1.Health/"))
	opts = append(opts, grpc.WithTransportCredentials(insecure.NewCredentials()))
	return grpc.NewClient(target, append(opts, more...)...)
}

// Other codes are retried, too.
func afterCodes(err error) bool {
	return retrygrpc.Transient(err) || status.Code(err) == codes.Aborted
}

// No budget; by default each target has one.
func afterUnlimited() retrygrpc.Option {
	return retrygrpc.WithBudget(func(target string) *retry.Budget { return nil })
}
