package files_test

import (
	"io"
	"testing"
	"time"

	"github.com/avast/retry-go/v4"
	"migratetest/timeline"
)

func TestOutside(t *testing.T) {
	at, _ := timeline.Of(t, func(f func() error) error { return retry.Do(f, retry.Attempts(3), retry.MaxJitter(time.Nanosecond)) }, timeline.Errs(9, io.EOF)...)
	if len(at) != 3 {
		t.Error(at)
	}
}
