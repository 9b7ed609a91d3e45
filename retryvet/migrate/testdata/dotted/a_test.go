package dotted

import (
	"io"
	"testing"

	"migratetest/timeline"
)

func TestTimelines(t *testing.T) {
	for _, call := range []func(func() error) error{All, Some, Two} {
		at, _ := timeline.Of(t, call, timeline.Errs(9, io.EOF)...)
		timeline.Want(t, at, 0, 1, 2)
	}
}
