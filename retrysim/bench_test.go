package retrysim

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/callagain/retry"
)

// fleet is the scenario of the benchmarks: 1000 calls a second for each thousand of clients, a server that is used to 83 %, and an
// outage of two seconds.
func fleet(clients int, long time.Duration) Scenario {
	return Scenario{
		Policy:   retry.Policy{Timeout: time.Second},
		Clients:  clients,
		Arrivals: Poisson(1),
		Network:  Exp(5 * time.Millisecond),
		Server:   Server{Workers: clients * 12 / 1000, Service: Fixed(10 * time.Millisecond)},
		Faults:   []Fault{{From: long / 3, To: long/3 + 2*time.Second, Fail: 1}},
		For:      long,
		Seed:     1,
	}
}

func BenchmarkRun(b *testing.B) {
	for _, n := range []int{100, 1000, 10_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var attempts int64
			long := max(20*time.Second, time.Duration(200_000/n)*time.Second)
			for b.Loop() {
				r, err := Run(context.Background(), fleet(n, long))
				if err != nil {
					b.Fatal(err)
				}
				attempts += r.Attempts
			}
			b.ReportMetric(float64(attempts)/b.Elapsed().Seconds()/1e6, "Mattempts/s")
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.Sys)/1e6, "MB")
		})
	}
}
