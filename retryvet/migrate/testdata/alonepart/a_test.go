package alonepart

import (
	"io"
	"testing"

	"migratetest/timeline"
)

func TestTimelines(t *testing.T) {
	for _, call := range []func(func() error) error{Elsewhere, Here} {
		at, _ := timeline.Of(t, call, timeline.Errs(9, io.EOF)...)
		timeline.Want(t, at, 0)
	}
}
