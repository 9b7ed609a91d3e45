package seth

import (
	"context"
	"errors"
	"io"
	"testing"

	"migratetest/timeline"
)

func TestTimelines(t *testing.T) {
	type form = func(context.Context, func(context.Context) error) error
	call := func(do form) func(f func() error) error {
		return func(f func() error) error {
			return do(context.Background(), func(context.Context) error { return f() })
		}
	}
	at, err := timeline.Of(t, call(Retries), timeline.Errs(9, io.EOF)...)
	timeline.Want(t, at, 0, 1, 2, 3)
	if !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	at, err = timeline.Of(t, call(Mixed), context.DeadlineExceeded, context.DeadlineExceeded, context.DeadlineExceeded, io.EOF)
	timeline.Want(t, at, 0, 1, 3, 7)
	if !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	at, _ = timeline.Of(t, call(Mixed), timeline.Errs(9, context.DeadlineExceeded)...)
	timeline.Want(t, at, 0, 1, 3, 7, 15, 31, 63, 127, 255, 511)
	capped := func(ctx context.Context, f func(context.Context) error) error {
		_, err := Capped(ctx, func(ctx context.Context) (int, error) { return 0, f(ctx) })
		return err
	}
	at, _ = timeline.Of(t, call(capped), timeline.Errs(5, io.EOF)...)
	timeline.Want(t, at, 0, 1, 3, 7, 11, 15)
	at, _ = timeline.Of(t, call(Fibonacci), timeline.Errs(9, io.EOF)...)
	timeline.Between(t, at, [2]float64{.9, 1.1}, [2]float64{1.8, 2.2}, [2]float64{2.7, 3.3}, [2]float64{4.5, 5.5})
}
