package v7

import (
	"context"
	"errors"
	"io"
	"testing"

	"migratetest/timeline"
)

func TestTimelines(t *testing.T) {
	at, err := timeline.Of(t, func(f func() error) error {
		_, err := Tries(context.Background(), func() (string, error) { return "", f() })
		return err
	}, timeline.Errs(9, io.EOF)...)
	timeline.Want(t, at, 0, 2, 4)
	if !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}
