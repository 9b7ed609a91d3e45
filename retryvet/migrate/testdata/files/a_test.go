package files

import (
	"io"
	"testing"
	"time"

	"github.com/avast/retry-go/v4"
	"migratetest/timeline"
)

func TestInside(t *testing.T) {
	at, err := timeline.Of(t, Default, timeline.Errs(3, io.EOF)...)
	if len(at) != 4 || err != nil {
		t.Error(at, err)
	}
	at, _ = timeline.Of(t, func(f func() error) error { return retry.Do(f, retry.Attempts(3), retry.MaxJitter(time.Nanosecond)) }, timeline.Errs(9, io.EOF)...)
	if len(at) != 3 {
		t.Error(at)
	}
}
