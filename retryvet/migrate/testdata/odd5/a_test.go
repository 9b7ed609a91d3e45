package odd5

import (
	"context"
	"io"
	"testing"

	"migratetest/timeline"
)

func TestTimelines(t *testing.T) {
	ctx := context.Background()
	for name, row := range map[string]struct {
		call func(f func() error) error
		want []float64
	}{
		"after":   {func(f func() error) error { return After(ctx, "", f) }, []float64{0, 2, 4}},
		"header":  {func(f func() error) error { return After(ctx, "4", f) }, []float64{0, 5, 10}},
		"cause":   {func(f func() error) error { return Cause(ctx, f) }, []float64{0, 1}},
		"nil":     {func(f func() error) error { return Causes(ctx, 0, f) }, []float64{0, 1}},
		"made":    {func(f func() error) error { return Causes(ctx, 1, f) }, []float64{0, 1}},
		"package": {func(f func() error) error { return Causes(ctx, 2, f) }, []float64{0, 1}},
		"failed":  {func(f func() error) error { return Causes(ctx, 3, f) }, []float64{0, 1}},
		"handler": {func(f func() error) error { _, err := handler{2}.Do(ctx, f); return err }, []float64{0, 1}},
		"slice":   {func(f func() error) error { _, err := handler{0}.Do(ctx, f); return err }, []float64{0}},
	} {
		t.Run(name, func(t *testing.T) {
			at, err := timeline.Of(t, row.call, timeline.Errs(9, io.EOF)...)
			timeline.Want(t, at, row.want...)
			if err == nil {
				t.Error("the call succeeded")
			}
		})
	}
}
