package rpc

import (
	"context"
	"errors"
	"io"
	"math"
	"testing"

	"github.com/callagain/retry"
)

// Whatever a server sends as pushback is a wait that isn't negative, or a stop.
func FuzzPushback(f *testing.F) {
	for _, s := range []string{"", "0", "-1", "+1", "1e3", "9223372036854775807", "9223372036854775808", "0x10", " 1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var h Hint
		if h.Pushback([]string{s}); h.Wait < 0 || h.Given == h.Stop || h.Stop && h.Wait > 0 {
			t.Errorf("%q: %+v", s, h)
		}
	})
}

// Of several servers the longest wait counts, and one that wants no retry.
func TestTheLongestHintCounts(t *testing.T) {
	var hs Hints
	for _, values := range [][]string{nil, {"2000"}, {"9223372036854775807"}, {"1"}} {
		var h Hint
		h.Pushback(values)
		hs.Add(h)
	}
	if got, want := hs.All(), (Hint{math.MaxInt64, true, false}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	var two Hint
	two.Pushback([]string{"1", "1"})
	hs.Add(two)
	if got, want := hs.All(), (Hint{math.MaxInt64, true, true}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// A stream outlives the context of its attempt, with what that says, but not an attempt that is too late.
func TestAStreamOutlivesItsAttempt(t *testing.T) {
	type key struct{}
	late := func(err error) error { return errors.Join(retry.ErrTimeout, err) }
	caller, cancelCaller := context.WithCancel(t.Context())
	attempt, cancel := context.WithCancel(context.WithValue(caller, key{}, 7))
	s := NewSpan(attempt, caller)
	if err := s.Limit(attempt, caller, late, func() error { return io.EOF }); err != io.EOF {
		t.Error(err)
	}
	if cancel(); s.Ctx.Err() != nil || s.Ctx.Value(key{}) != 7 {
		t.Errorf("%v, %v", s.Ctx.Err(), s.Ctx.Value(key{}))
	}
	err := s.Limit(attempt, caller, late, func() error { <-s.Ctx.Done(); return nil })
	if !errors.Is(err, retry.ErrTimeout) || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	s = NewSpan(context.WithoutCancel(caller), caller)
	cancelCaller()
	<-s.Ctx.Done()
	s.End()
	Span{}.End()

	unlimited := NewSpan(t.Context(), t.Context())
	if err := unlimited.Limit(t.Context(), t.Context(), late, func() error { return io.EOF }); err != io.EOF || unlimited.Cancel != nil {
		t.Error(err)
	}
}
