//go:build unix

package main

import (
	"sync/atomic"
	"syscall"
	"testing"
)

// BenchmarkSlider measures what a moved slider costs: both simulations, one on each processor, and the graphs.
func BenchmarkSlider(b *testing.B) {
	cpu := func() int64 {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return u.Utime.Nano() + u.Stime.Nano()
	}
	began := cpu()
	for b.Loop() {
		var done [2]atomic.Int64
		if m := compare(b.Context(), standard(), &done); m.Error != "" {
			b.Fatal(m.Error)
		}
	}
	b.ReportMetric(float64(cpu()-began)/1e6/float64(b.N), "cpu-ms/op")
}
