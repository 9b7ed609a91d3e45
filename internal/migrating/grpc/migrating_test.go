package grpc

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	health "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrygrpc"
)

// A server answers the n-th call with the n-th code, and OK afterwards.
type server struct {
	health.UnimplementedHealthServer
	mu       sync.Mutex
	codes    []codes.Code
	pushback string
	at       []time.Time
}

func (s *server) Check(ctx context.Context, _ *health.HealthCheckRequest) (*health.HealthCheckResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = append(s.at, time.Now())
	if len(s.codes) == 0 {
		return &health.HealthCheckResponse{}, nil
	}
	c := s.codes[0]
	s.codes = s.codes[1:]
	if s.pushback != "" {
		grpc.SetTrailer(ctx, metadata.Pairs("grpc-retry-pushback-ms", s.pushback))
	}
	return nil, status.Error(c, "no")
}

type dialer func(string, ...grpc.DialOption) (*grpc.ClientConn, error)

// start returns a server and a client of it.
func start(t *testing.T, dial dialer, s *server) health.HealthClient {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer()
	health.RegisterHealthServer(g, s)
	go g.Serve(l)
	t.Cleanup(g.Stop)
	conn, err := dial(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return health.NewHealthClient(conn)
}

func times(n int, c codes.Code) (all []codes.Code) {
	for range n {
		all = append(all, c)
	}
	return all
}

func TestSame(t *testing.T) {
	for _, c := range []struct {
		name     string
		codes    []codes.Code
		pushback string
		attempts int
		code     codes.Code
	}{
		{"success", nil, "", 1, codes.OK},
		{"twice unavailable", times(2, codes.Unavailable), "", 3, codes.OK},
		{"unavailable for good", times(9, codes.Unavailable), "", 4, codes.Unavailable},
		{"not found", []codes.Code{codes.Unavailable, codes.NotFound}, "", 2, codes.NotFound},
		{"aborted", times(9, codes.Aborted), "", 1, codes.Aborted},
		{"don't retry", times(9, codes.Unavailable), "-1", 1, codes.Unavailable},
		{"come back later", times(1, codes.Unavailable), "60", 2, codes.OK},
	} {
		for side, dial := range map[string]dialer{"before": beforeDial, "after": afterDial} {
			s := &server{codes: c.codes, pushback: c.pushback}
			client := start(t, dial, s)
			_, err := client.Check(t.Context(), &health.HealthCheckRequest{})
			if len(s.at) != c.attempts || status.Code(err) != c.code {
				t.Errorf("%s, %s: %d attempts, %v; want %d, %v", c.name, side, len(s.at), err, c.attempts, c.code)
			}
			if c.pushback == "60" && len(s.at) == 2 && s.at[1].Sub(s.at[0]) < 60*time.Millisecond {
				t.Errorf("%s, %s: came back after %v", c.name, side, s.at[1].Sub(s.at[0]))
			}
		}
	}
}

// More codes, and a limit over all calls: after half of ten tokens are gone, nothing is retried.
func TestThrottling(t *testing.T) {
	before := func(target string, more ...grpc.DialOption) (*grpc.ClientConn, error) {
		return grpc.NewClient(target, append(more, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultServiceConfig(beforeThrottling))...)
	}
	p := policy
	p.RetryIf = afterCodes
	dial := func(opts ...retrygrpc.Option) dialer {
		return func(target string, more ...grpc.DialOption) (*grpc.ClientConn, error) {
			opts = append(opts, retrygrpc.Idempotent())
			return grpc.NewClient(target, append(append(retrygrpc.DialOptions(p, opts...), grpc.WithTransportCredentials(insecure.NewCredentials())), more...)...)
		}
	}
	for _, c := range []struct {
		name     string
		dial     dialer
		attempts int
	}{
		{"before", before, 23}, // four failures of the first call leave six tokens, and a retry needs more than five after its failure
		{"after", dial(), 23},  // three retries
		{"after, without budget", dial(afterUnlimited()), 80},
	} {
		s := &server{codes: times(999, codes.Aborted)}
		client := start(t, c.dial, s)
		for range 20 {
			if _, err := client.Check(t.Context(), &health.HealthCheckRequest{}); status.Code(err) != codes.Aborted {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		if len(s.at) != c.attempts {
			t.Errorf("%s: 20 calls made %d attempts, want %d", c.name, len(s.at), c.attempts)
		}
	}
}

// grpc-go makes five attempts at most, whatever the service config says.
func TestMoreThanFiveAttempts(t *testing.T) {
	ten := func(target string, more ...grpc.DialOption) (*grpc.ClientConn, error) {
		return grpc.NewClient(target, append(more, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultServiceConfig(`{
			"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 10, "initialBackoff": "0.001s", "maxBackoff": "0.01s", "backoffMultiplier": 2,
			"retryableStatusCodes": ["UNAVAILABLE"]}}]}`))...)
	}
	p := policy
	p.Attempts, p.Budget = 10, &retry.Budget{Min: 99}
	ours := func(target string, more ...grpc.DialOption) (*grpc.ClientConn, error) {
		return grpc.NewClient(target, append(append(retrygrpc.DialOptions(p), grpc.WithTransportCredentials(insecure.NewCredentials())), more...)...)
	}
	for name, c := range map[string]struct {
		dial     dialer
		attempts int
	}{"before": {ten, 5}, "after": {ours, 10}} {
		s := &server{codes: times(99, codes.Unavailable)}
		start(t, c.dial, s).Check(t.Context(), &health.HealthCheckRequest{})
		if len(s.at) != c.attempts {
			t.Errorf("%s: %d attempts, want %d", name, len(s.at), c.attempts)
		}
	}
}
