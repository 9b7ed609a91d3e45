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
}
