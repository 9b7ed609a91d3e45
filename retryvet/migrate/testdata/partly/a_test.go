package partly

import (
	"io"
	"testing"

	"migratetest/timeline"
)

func TestTimeline(t *testing.T) {
	at, _ := timeline.Of(t, Left, timeline.Errs(9, io.EOF)...)
	timeline.Want(t, at, 0, 1, 2)
}
