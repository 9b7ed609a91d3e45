package retrysim

import (
	"runtime"
	"testing"
	"time"

	"github.com/callagain/retry"
)

// BenchmarkForeign measures the memory of a call in progress whose Backoff isn't of package retry.
func BenchmarkForeign(b *testing.B) {
	const calls = 10_000
	memory := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapInuse + m.StackInuse)
	}
	for b.Loop() {
		f := foreign{backoff: retry.Seq(retry.Exponential{}.Delays()), pulls: map[uint32]steps{}}
		before := memory()
		for i := range uint32(calls) {
			f.at(i, 0)
		}
		b.ReportMetric(float64(memory()-before)/calls, "B/call")
		began := time.Now()
		for i := range uint32(calls) {
			f.at(i, 1)
		}
		b.ReportMetric(float64(time.Since(began).Nanoseconds())/calls, "ns/delay")
		f.close()
	}
}
