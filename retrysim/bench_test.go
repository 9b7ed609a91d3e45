//go:build unix

package retrysim

import (
	"context"
	"fmt"
	"math"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/callagain/retry"
)

// fleet is the scenario of the benchmarks: 1000 calls a second for each thousand of clients, a server that is used to 83 %, and an
// outage of two seconds.
func fleet(clients int, long time.Duration) Scenario {
	workers, service := clients*12/1000, 10*time.Millisecond
	if clients < 1000 { // or it would be used to more
		workers, service = 12, time.Duration(1000/clients)*10*time.Millisecond
	}
	return Scenario{
		Policy:   retry.Policy{Timeout: time.Second},
		Clients:  clients,
		Arrivals: Poisson(1),
		Network:  Exp(5 * time.Millisecond),
		Server:   Server{Workers: workers, Service: Fixed(service)},
		Faults:   []Fault{{From: long / 3, To: long/3 + 2*time.Second, Fail: 1}},
		For:      long,
		Seed:     1,
	}
}

// cpu returns the processor time that was used so far: on a busy machine speeds are those of the time that there was.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkRun(b *testing.B) {
	for _, n := range []int{100, 1000, 10_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var attempts int64
			began := cpu()
			long := max(20*time.Second, time.Duration(200_000/n)*time.Second)
			for b.Loop() {
				r, err := Run(context.Background(), fleet(n, long))
				if err != nil {
					b.Fatal(err)
				}
				attempts += r.Attempts
			}
			b.ReportMetric(float64(attempts)/(cpu()-began).Seconds()/1e6, "Mattempts/s")
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.Sys)/1e6, "MB")
		})
	}
}

// BenchmarkHedged runs the same with hedges: each client remembers its latencies, and sorts them now and then.
func BenchmarkHedged(b *testing.B) {
	var attempts int64
	began := cpu()
	for b.Loop() {
		s := fleet(1000, 200*time.Second)
		s.Hedge = &retry.HedgeSettings{}
		r, err := Run(context.Background(), s)
		if err != nil {
			b.Fatal(err)
		}
		attempts += r.Attempts
	}
	b.ReportMetric(float64(attempts)/(cpu()-began).Seconds()/1e6, "Mattempts/s")
}

// BenchmarkPython runs the same in Python: as well as Python can, and in the way of the published simulators.
func BenchmarkPython(b *testing.B) {
	for _, test := range []struct {
		clients, seconds int
		way              string
	}{{1000, 60, ""}, {10_000, 20, ""}, {1000, 6, "rebuild"}} {
		b.Run(fmt.Sprintf("%d%s", test.clients, test.way), func(b *testing.B) {
			r, err := Run(context.Background(), fleet(test.clients, time.Duration(test.seconds)*time.Second))
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				cmd := exec.Command("python3", "testdata/fleet.py", fmt.Sprint(test.clients), fmt.Sprint(test.seconds), test.way)
				out, err := cmd.Output()
				if err != nil {
					b.Fatal(err)
				}
				var calls, attempts, succeeded float64
				fmt.Sscan(string(out), &calls, &attempts, &succeeded)
				took := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
				b.ReportMetric(attempts/took.Seconds()/1e6, "Mattempts/s")
				for _, pair := range [][2]float64{{calls, float64(r.Calls)}, {attempts, float64(r.Attempts)}, {succeeded, float64(r.Succeeded)}} {
					if math.Abs(pair[0]/pair[1]-1) > 0.05 {
						b.Fatalf("Python made %s; Go made %d %d %d", out, r.Calls, r.Attempts, r.Succeeded)
					}
				}
			}
		})
	}
}
