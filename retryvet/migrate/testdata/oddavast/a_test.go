package oddavast

import (
	"io"
	"testing"
	"time"

	"migratetest/timeline"
)

func TestTimelines(t *testing.T) {
	v := new(d)
	for name, row := range map[string]struct {
		call func(f func() error) error
		errs int
		want []float64
	}{
		"do":      {v.Do, 9, []float64{0, 1, 2}},
		"huge":    {Huge, 4, []float64{0, 1, 2, 3, 4}},
		"above":   {Above, 9, []float64{0, 2, 4}},
		"unused":  {Unused, 9, []float64{0, 1}},
		"given":   {func(f func() error) error { return Given(struct{ Delay time.Duration }{time.Second}, f) }, 9, []float64{0, 1}},
		"options": {func(f func() error) error { return Options(f) }, 9, []float64{0, 1}},
		"value":   {Value, 9, []float64{0, 1}},
		"maybe":   {Maybe, 9, []float64{0, 1}},
		"fields":  {settings{policy{2}}.Do, 9, []float64{0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			at, _ := timeline.Of(t, row.call, timeline.Errs(row.errs, io.EOF)...)
			timeline.Want(t, at, row.want...)
		})
	}
	if len(v.errs) != 3 {
		t.Errorf("the hook was told %v", v.errs)
	}
	at, _ := timeline.Of(t, func(f func() error) error { return Zero(0, f) }, timeline.Errs(99, io.EOF)...)
	if len(at) != 32 || at[31] < 2*time.Second {
		t.Errorf("the attempts were made at %v", at)
	}
	if NilMark() == nil {
		t.Error("an attempt has succeeded by a mark of nil")
	}
}
