package retrysim_test

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysim"
)

// digests are of the bytes that the scenarios give. They are the same on every machine; a change of the simulation, or of a decision of
// package retry, changes them.
var digests = map[string]string{
	"outage":                   "92c55a42687f6cad",
	"no budget":                "3147d9b77b96ae29",
	"everything":               "b2ad13cac56410c4",
	"a hedge after a quantile": "dac5a32f4c2becb6",
}

func TestTheSameDigitsOnEveryMachine(t *testing.T) {
	without := everything()
	without.Policy.Budget, without.Hedge.Unlimited = nil, true
	quantile := everything()
	quantile.Hedge = &retry.HedgeSettings{Attempts: 3, OnFailure: true, Budget: quantile.Policy.Budget}
	for name, s := range map[string]retrysim.Scenario{"outage": outage(), "no budget": without, "everything": everything(), "a hedge after a quantile": quantile} {
		if got := fmt.Sprintf("%x", sha256.Sum256([]byte(text(t, s))))[:16]; got != digests[name] {
			t.Errorf("%s: the bytes have the digest %s; on other machines it was %s", name, got, digests[name])
		}
	}
}
