package main

import (
	"net/url"
	"testing"
)

// Whatever a link says, it is refused by field or makes a scenario that retrysim takes, and what is shown is a link to the same.
func FuzzParse(f *testing.F) {
	for _, p := range presets {
		f.Add(p.Link[1:])
	}
	f.Add("a.attempts=0&clients=1e9&for=-1s&part=NaN&rate=Inf")
	f.Add("for=24h&rate=1e5&clients=1000000")
	f.Fuzz(func(t *testing.T, query string) {
		q, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		s, errs := parse(q)
		if len(errs) > 0 {
			return
		}
		again, _ := url.ParseQuery(link(s))
		if got, errs := parse(again); got != s || len(errs) > 0 {
			t.Errorf("%q becomes %q, %v", query, link(s), errs)
		}
		for _, side := range []Side{s.A, s.B} {
			side.literal()
			if _, err := side.policy().Plan(); err != nil {
				t.Errorf("%q: %v", query, err)
			}
		}
	})
}
