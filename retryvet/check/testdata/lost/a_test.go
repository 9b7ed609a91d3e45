package lost

import (
	"testing"

	"github.com/callagain/retry"
)

func TestIt(t *testing.T) {
	retry.Do(t.Context(), p, f)
}

func TestLoop(t *testing.T) {
	var loop retry.Loop
	for ctx := range loop.Attempts(t.Context(), p) {
		loop.Done(f(ctx))
	}
}
