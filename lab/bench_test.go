//go:build unix

package main

import (
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// BenchmarkSlider measures what a moved slider costs: of the world, so that both are simulated, one on each processor; or of one policy. And
// the graphs.
func BenchmarkSlider(b *testing.B) {
	cpu := func() int64 {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return u.Utime.Nano() + u.Stime.Nano()
	}
	for name, change := range map[string]func(*Setup){"world": func(s *Setup) { s.Seed++ }, "policy": func(s *Setup) { s.A.Within += time.Second }} {
		b.Run(name, func(b *testing.B) {
			var known results
			s := standard()
			compare(b.Context(), s, &known, new([2]atomic.Int64))
			began := cpu()
			for b.Loop() {
				change(&s)
				if m := compare(b.Context(), s, &known, new([2]atomic.Int64)); m.Error != "" {
					b.Fatal(m.Error)
				}
			}
			b.ReportMetric(float64(cpu()-began)/1e6/float64(b.N), "cpu-ms/op")
		})
	}
}
