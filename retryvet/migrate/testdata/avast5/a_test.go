package avast5

import (
	"context"
	"errors"
	"io"
	"testing"

	"migratetest/timeline"
)

func TestTimelines(t *testing.T) {
	at, err := timeline.Of(t, func(f func() error) error { return Options(context.Background(), f) }, timeline.Errs(9, io.EOF)...)
	timeline.Between(t, at, [2]float64{1, 1.1}, [2]float64{2, 2.1})
	if !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	at, _ = timeline.Of(t, func(f func() error) error {
		_, err := Value(func() (int, error) { return 0, f() })
		return err
	}, timeline.Errs(9, io.EOF)...)
	timeline.Want(t, at, 0, .1, .2)
	for name, row := range map[string]struct {
		call func(f func() error) error
		want []float64
	}{
		"kept":    {func(f func() error) error { return Kept(f, 3) }, []float64{0, 1, 2}},
		"twice":   {KeptTwice, []float64{0, .1, .1, .2}},
		"changed": {func(f func() error) error { return KeptChanged(f, 2) }, []float64{0, .1}},
	} {
		t.Run(name, func(t *testing.T) {
			at, _ := timeline.Of(t, row.call, timeline.Errs(9, io.EOF)...)
			timeline.Want(t, at, row.want...)
		})
	}
	hooks = 0
	timeline.Of(t, Hook, timeline.Errs(9, io.EOF)...)
	if hooks != 3 { // made, and told of each failure
		t.Error("hooks:", hooks)
	}
	hooks = 0
	timeline.Of(t, func(f func() error) error { return KeptHook(f, f) }, timeline.Errs(9, io.EOF)...)
	if hooks != 5 {
		t.Error("hooks:", hooks)
	}
}
