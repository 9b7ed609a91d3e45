package retry_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/callagain/retry"
)

type hostile struct{ error func() string }

func (h hostile) Error() string { return h.error() }

func TestErrorsOwnCodeMayPanic(t *testing.T) {
	for name, failure := range map[string]error{
		"panics":            hostile{func() string { panic("boom") }},
		"nil_pointer":       (*hostile)(nil),
		"panics_with_worse": hostile{func() string { panic(badValue{}) }},
	} {
		t.Run(name, func(t *testing.T) {
			err := retry.Do(t.Context(), retry.Policy{Backoff: retry.List{0, 0}}, func(context.Context) error { return failure })
			if s := err.Error(); !strings.Contains(s, "panicked") || !strings.Contains(s, "attempts used up") {
				t.Errorf("the text is %q", s)
			}
		})
	}
}

func TestTextIsBoundedAndOneLine(t *testing.T) {
	large := strings.Repeat("x\n", 1<<19)
	n := 0
	err := retry.Do(t.Context(), retry.Policy{Name: large, Backoff: make(retry.List, 8)}, func(context.Context) error {
		n++
		return fmt.Errorf("%d %s", n, large)
	})
	if s := err.Error(); len(s) > 8<<10 || strings.ContainsAny(s, "\r\n") {
		t.Errorf("%d failures of a megabyte make a text of %d bytes", n, len(s))
	}
}

func TestTextGrowsLinearlyWithNesting(t *testing.T) {
	insists := func(d *retry.Decision) { d.Retry = true }
	var call func(depth int) error
	var lengths []int
	call = func(depth int) error {
		n := 0
		return retry.Do(t.Context(), retry.Policy{Name: fmt.Sprint("layer ", depth), Backoff: retry.List{0, 0}, Decide: insists}, func(context.Context) error {
			n++
			if depth == 0 {
				return fmt.Errorf("failure %d", n)
			}
			return fmt.Errorf("depth %d: %w", depth, call(depth-1))
		})
	}
	for depth := range 10 {
		lengths = append(lengths, len(call(depth).Error()))
	}
	for i := 2; i < len(lengths); i++ {
		if grown, before := lengths[i]-lengths[i-1], lengths[i-1]-lengths[i-2]; grown > before+700 {
			t.Errorf("the texts are of %v bytes", lengths)
			break
		}
	}
	if last := lengths[len(lengths)-1]; last > 4096 {
		t.Errorf("the texts are of %v bytes", lengths)
	}
}

func TestDurationsAreRoundedForPeople(t *testing.T) {
	for d, want := range map[time.Duration]string{
		17890395:                           "18ms",
		999 * time.Nanosecond:              "1µs",
		1234567 * time.Microsecond:         "1.23s",
		23456 * time.Millisecond:           "23.5s",
		90*time.Minute + time.Millisecond:  "1h30m",
		time.Hour:                          "1h",
		61*time.Second + 5*time.Nanosecond: "1m1s",
	} {
		err := &retry.Error{Reason: retry.ErrExhausted, Attempts: 2, Elapsed: d, Failures: []error{errFlaky}}
		if s := err.Error(); !strings.Contains(s, " in "+want+":") {
			t.Errorf("%q, want %s", s, want)
		}
	}
}

func FuzzTextIsOneLine(f *testing.F) {
	for _, s := range []string{"", "://", "a://b@c?d", "x https://u:p@h/p?q=1#f, then ftp://x@y?z", "\n://\r", "\xff\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e := &retry.Error{Reason: errors.New(s), Attempts: 1, Failures: []error{errors.New(s), errors.New(s + "x")}}
		if got := e.Error(); strings.ContainsAny(got, "\r\n") || len(got) > 8<<10 {
			t.Fatalf("%q became %q", s, got)
		}
	})
}
