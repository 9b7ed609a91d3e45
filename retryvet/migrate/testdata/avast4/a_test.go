package avast4

import (
	"context"
	"errors"
	"io"
	"testing"

	"migratetest/timeline"
)

func TestTimelines(t *testing.T) {
	for range 100 {
		at, err := timeline.Of(t, Default, timeline.Errs(99, io.EOF)...)
		if len(at) != 10 || !errors.Is(err, io.EOF) {
			t.Errorf("%d attempts, %v", len(at), err)
		}
		timeline.Between(t, at[:4], [2]float64{.1, .2}, [2]float64{.2, .3}, [2]float64{.4, .5})
	}
	at, err := timeline.Of(t, func(f func() error) error { return Options(context.Background(), f) }, timeline.Errs(9, io.EOF)...)
	timeline.Want(t, at, 0, 1, 2, 3, 4)
	if !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	at, err = timeline.Of(t, func(f func() error) error { return Options(context.Background(), f) }, io.EOF, errGone)
	timeline.Want(t, at, 0, 1)
	if !errors.Is(err, errGone) {
		t.Error(err)
	}
	capped := func(f func() error) error {
		_, err := Capped(func() (int, error) { return 0, f() })
		return err
	}
	at, _ = timeline.Of(t, capped, timeline.Errs(9, io.EOF)...)
	timeline.Want(t, at, 0, 1, 3, 5)
	at, _ = timeline.Of(t, capped, io.EOF, errGone, io.EOF)
	timeline.Want(t, at, 0, 1)
	variable := func(n uint) func(f func() error) error {
		return func(f func() error) error { return Variable(f, n) }
	}
	at, _ = timeline.Of(t, variable(2), timeline.Errs(9, io.EOF)...)
	timeline.Want(t, at, 0, 1)
	at, _ = timeline.Of(t, variable(0), timeline.Errs(19, io.EOF)...)
	if len(at) != 20 {
		t.Errorf("%d attempts without a limit, want 20", len(at))
	}
	at, _ = timeline.Of(t, Endless, timeline.Errs(3, io.EOF)...)
	timeline.Between(t, at, [2]float64{.1, .2}, [2]float64{.1, .2}, [2]float64{.1, .2})
}
