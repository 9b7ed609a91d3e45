// Package timeline tells when a retry call makes its attempts.
package timeline

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// Of returns when call ran its function, counted from the first time, and what call returned. The function fails with each of
// errs in turn, and then succeeds.
func Of(t *testing.T, call func(f func() error) error, errs ...error) (at []time.Duration, err error) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		err = call(func() error {
			at = append(at, time.Since(began))
			if len(errs) == 0 {
				return nil
			}
			err := errs[0]
			errs = errs[1:]
			return err
		})
	})
	return at, err
}

// Want makes t fail if the attempts weren't made at the given seconds.
func Want(t *testing.T, at []time.Duration, seconds ...float64) {
	t.Helper()
	var want []time.Duration
	for _, s := range seconds {
		want = append(want, time.Duration(s*float64(time.Second)))
	}
	if !slices.Equal(at, want) {
		t.Errorf("the attempts were made at %v, want %v", at, want)
	}
}

// Between makes t fail if a delay isn't in its range, of least and most seconds.
func Between(t *testing.T, at []time.Duration, ranges ...[2]float64) {
	t.Helper()
	if len(at) != len(ranges)+1 {
		t.Fatalf("there were %d attempts, want %d", len(at), len(ranges)+1)
	}
	for i, r := range ranges {
		if d := (at[i+1] - at[i]).Seconds(); d < r[0] || d > r[1]+1e-6 {
			t.Errorf("delay %d is %v seconds, want %v", i+1, d, r)
		}
	}
}

// Errs returns n times err.
func Errs(n int, err error) []error { return slices.Repeat([]error{err}, n) }
