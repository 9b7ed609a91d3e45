package lost

import (
	"io"
	"testing"

	"github.com/callagain/retry"
)

func TestIt(t *testing.T) {
	retry.Do(t.Context(), p, f)
}

func BenchmarkMark(b *testing.B) {
	for b.Loop() {
		_ = retry.Stop(io.EOF)
	}
	retry.Stop(io.EOF) // want `the error that retry.Stop returns is not used`
}

func TestLoop(t *testing.T) {
	var loop retry.Loop
	for ctx := range loop.Attempts(t.Context(), p) {
		loop.Done(f(ctx))
	}
}
