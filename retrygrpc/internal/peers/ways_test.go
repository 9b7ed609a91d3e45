package peers

import (
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrygrpc"
	"github.com/failsafe-go/failsafe-go/failsafegrpc"
	middleware "github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/retry"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// A way to make calls, four attempts at most in those that retry, without delays that matter.
type way struct {
	name string
	opts []grpc.DialOption
}

const serviceConfig = `{"loadBalancingConfig": [{"round_robin": {}}], "methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 4, "initialBackoff": "0.001s",
	"maxBackoff": "0.001s", "backoffMultiplier": 1, "retryableStatusCodes": ["UNAVAILABLE"]}}]}`

func plain() way { return way{"plain", []grpc.DialOption{grpc.WithDisableRetry()}} }

var noBudget = retrygrpc.WithBudget(func(string) *retry.Budget { return nil })

func ours(p retry.Policy, opts ...retrygrpc.Option) way {
	return way{"retrygrpc", retrygrpc.DialOptions(p, opts...)}
}

func others() []way {
	opts := []middleware.CallOption{middleware.WithMax(4), middleware.WithBackoff(middleware.BackoffLinear(time.Millisecond))}
	return []way{
		{"grpc-go's retryPolicy", []grpc.DialOption{grpc.WithDefaultServiceConfig(serviceConfig)}},
		{"go-grpc-middleware", []grpc.DialOption{
			grpc.WithUnaryInterceptor(middleware.UnaryClientInterceptor(opts...)),
			grpc.WithStreamInterceptor(middleware.StreamClientInterceptor(opts...)),
		}},
		{"failsafe-go", []grpc.DialOption{grpc.WithUnaryInterceptor(failsafegrpc.NewUnaryClientInterceptor(
			failsafegrpc.NewRetryPolicyBuilder[*wrapperspb.Int64Value]().WithMaxAttempts(4).Build()))}},
	}
}
