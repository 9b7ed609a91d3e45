package main

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/callagain/retry/retrynats/internal/apart"
)

func TestMain(m *testing.M) {
	if code, ok := child(); ok {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// The short form of the conformance by kill. The long one, with disks, clocks and power, is the command.
func TestNothingIsLostEarlyTwiceOutOfOrderOrChangedUnderKills(t *testing.T) {
	torments(t, map[string]config{
		"one process":        {kills: 20, workers: 1, Load: 3, Poison: true, longest: 1500 * time.Millisecond},
		"a shared directory": {kills: 20, workers: 3, Load: 1, Poison: true, stop: true, longest: 1500 * time.Millisecond},
	})
}

func TestADiskThatFillsUpLosesNothing(t *testing.T) {
	if apart.Test(t) {
		torments(t, map[string]config{"": {kills: 16, workers: 2, Load: 2, disk: 80, longest: 1500 * time.Millisecond}})
	}
}

func torments(t *testing.T, cs map[string]config) {
	for name, c := range cs {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			c.Reserve = 1 << 20
			err := run(t.Context(), c, t.TempDir(), &b)
			t.Logf("%s", &b)
			if err != nil {
				t.Error(err)
			}
		})
	}
}
