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
