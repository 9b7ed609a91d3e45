package main

import (
	"bytes"
	"os"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if code, ok := child(); ok {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// The short form of the conformance by kill. The long one, with disks, clocks and power, is the command.
func TestNothingIsLostEarlyTwiceOutOfOrderOrChangedUnderKills(t *testing.T) {
	for name, c := range map[string]config{
		"one process":        {kills: 20, workers: 1, Load: 3, Poison: true, longest: 1500 * time.Millisecond},
		"a shared directory": {kills: 20, workers: 3, Load: 1, Poison: true, stop: true, longest: 1500 * time.Millisecond},
	} {
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
