package v5

import (
	"context"
	"errors"
	"io"
	"testing"

	"migratetest/timeline"
)

func TestTimelines(t *testing.T) {
	at, err := timeline.Of(t, func(f func() error) error {
		_, err := Tries(context.Background(), func() (string, error) { return "", f() })
		return err
	}, timeline.Errs(9, io.EOF)...)
	timeline.Want(t, at, 0, 1, 2)
	if !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	for n, want := range [][]float64{nil, {0}, {0, 1}} {
		at, _ := timeline.Of(t, func(f func() error) error {
			_, err := VariableTries(context.Background(), uint(n), func() (string, error) { return "", f() })
			return err
		}, timeline.Errs(999, io.EOF)...)
		if n == 0 { // no limit but the time
			if len(at) < 60 || len(at) > 61 {
				t.Errorf("there were %d attempts in a minute", len(at))
			}
			continue
		}
		timeline.Want(t, at, want...)
	}
	at, err = timeline.Of(t, func(f func() error) error {
		_, err := After(context.Background(), f)
		return err
	}, io.EOF, io.EOF, context.DeadlineExceeded)
	timeline.Want(t, at, 0, 7, 14)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	at, _ = timeline.Of(t, func(f func() error) error {
		_, err := Default(context.Background(), func() (int, error) { return 0, f() })
		return err
	}, io.EOF, io.EOF)
	timeline.Between(t, at, [2]float64{.25, .75}, [2]float64{.375, 1.125})
}
