package peers

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/callagain/retry"
	. "github.com/callagain/retry/retrygrpc/internal/grpctest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// What a call costs beside a plain client's, in turns; "ratio" is that of the medians. First without failures, then with one
// in ten that is answered UNAVAILABLE, beside grpc-go's own retries.
//
//	go test -run '^$' -bench . -count 5
func BenchmarkCall(b *testing.B) {
	n := 0
	_, addr := Serve(b, Service{Unary: func(_ context.Context, method string, v int64) (int64, error) {
		if method == Put {
			if n++; n%10 == 0 {
				return 0, status.Error(codes.Unavailable, "no")
			}
		}
		return v, nil
	}})
	for _, row := range []struct {
		name, method string
		base         way
		ways         []way
	}{
		{"success", Add, plain(), append([]way{plain(), ours(retry.Policy{})}, others()...)},
		{"one_in_ten", Put, others()[0], []way{ours(retry.Policy{Backoff: retry.Constant(time.Millisecond)}, noBudget)}},
	} {
		for _, w := range row.ways {
			b.Run(row.name+"/"+w.name, func(b *testing.B) {
				conns := [2]*grpc.ClientConn{Dial(b, addr, row.base.opts...), Dial(b, addr, w.opts...)}
				var times [2][]time.Duration
				for i := 0; b.Loop(); i++ {
					const batch = 20
					for j := range 2 {
						which := (i + j) % 2
						start := time.Now()
						for range batch {
							if _, err := Call(b.Context(), conns[which], row.method, 1); err != nil {
								b.Fatal(err)
							}
						}
						times[which] = append(times[which], time.Since(start)/batch)
					}
				}
				slices.Sort(times[0])
				slices.Sort(times[1])
				mid := len(times[0]) / 2
				b.ReportMetric(float64(times[1][mid])/float64(times[0][mid]), "ratio")
				b.ReportMetric(float64(times[0][mid].Nanoseconds()), "base-ns")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
