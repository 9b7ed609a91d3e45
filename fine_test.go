package retry

import (
	"testing"
	"time"
)

// What is asked before every call agrees with what has the words, for any mixture of fields.
func TestFineAgreesWithCheck(t *testing.T) {
	durations := []time.Duration{-time.Second, -1, 0, 1, unlimitedFloor - 1, unlimitedFloor, time.Hour}
	for _, initial := range durations {
		for _, most := range durations {
			for attempts := -3; attempts <= 1; attempts++ {
				for jitter := Full - 1; jitter <= None+1; jitter++ {
					e := Exponential{Initial: initial, Max: most, Attempts: attempts, Jitter: jitter}
					words := checkFields("Exponential", initial, most, attempts)
					if want := words == nil && jitter >= Full && jitter <= None; e.fine() != want || (e.check() == nil) != want {
						t.Errorf("%+v: fine is %v, check says %v; want fine %v", e, e.fine(), e.check(), want)
					}
				}
			}
		}
		for _, l := range []List{{initial}, {0, initial}, {initial, 0, 1}} {
			if want := initial >= 0; l.fine() != want || (l.check() == nil) != want {
				t.Errorf("%v: fine is %v, check says %v", l, l.fine(), l.check())
			}
		}
	}
}
