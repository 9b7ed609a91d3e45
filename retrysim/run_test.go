package retrysim_test

import (
	"testing"

	"github.com/callagain/retry/retrysim"
)

func run(t testing.TB, s retrysim.Scenario) *retrysim.Result {
	t.Helper()
	r, err := retrysim.Run(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// endless is as good as no limit of attempts. With retry.Unlimited no delay would be below a millisecond, and the published
// models retry at once.
const endless = 1 << 30
