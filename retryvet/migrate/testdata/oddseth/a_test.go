package oddseth

import (
	"context"
	"io"
	"testing"

	"migratetest/timeline"
)

func TestTimelines(t *testing.T) {
	ctx := context.Background()
	of := func(call func(context.Context, func(context.Context) error) error) func(func() error) error {
		return func(f func() error) error { return call(ctx, func(context.Context) error { return f() }) }
	}
	at, _ := timeline.Of(t, of(Percent), timeline.Errs(9, io.EOF)...)
	timeline.Between(t, at, [2]float64{.5, 1.5}, [2]float64{.5, 1.5})
	at, _ = timeline.Of(t, of(Full), timeline.Errs(9, io.EOF)...)
	timeline.Between(t, at, [2]float64{0, 1}, [2]float64{0, 2})
	at, _ = timeline.Of(t, of(Mixed), context.DeadlineExceeded, context.DeadlineExceeded, io.EOF)
	timeline.Want(t, at, 0, 1, 3)
	at, _ = timeline.Of(t, of(Named), timeline.Errs(9, io.EOF)...)
	timeline.Want(t, at, 0)
	at, _ = timeline.Of(t, of(Recovered), timeline.Errs(9, io.EOF)...)
	timeline.Want(t, at, 0)
}
