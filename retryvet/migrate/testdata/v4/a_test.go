package v4

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"migratetest/timeline"
)

func TestTimelines(t *testing.T) {
	for range 100 {
		at, err := timeline.Of(t, Default, timeline.Errs(3, io.EOF)...)
		timeline.Between(t, at, [2]float64{.25, .75}, [2]float64{.375, 1.125}, [2]float64{.5625, 1.6875})
		if err != nil {
			t.Error(err)
		}
	}
	at, err := timeline.Of(t, Fields, timeline.Errs(99, io.EOF)...)
	timeline.Want(t, at, 0, 1, 3, 7, 15, 31)
	if !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	at, err = timeline.Of(t, Fields, io.EOF, errGone)
	timeline.Want(t, at, 0, 1)
	if !errors.Is(err, errGone) || err.Error() != "permanent: gone" {
		t.Error(err)
	}
	at, err = timeline.Of(t, func(f func() error) error { return Retries(context.Background(), f) }, timeline.Errs(9, io.EOF)...)
	timeline.Want(t, at, 0, 1, 2, 3)
	if !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	at, _ = timeline.Of(t, func(f func() error) error { return Options(context.Background(), f, 3) }, timeline.Errs(9, io.EOF)...)
	timeline.Want(t, at, 0, 1, 2.5, 4.75)
	at, err = timeline.Of(t, func(f func() error) error {
		v, err := Value(context.Background(), func() (int, error) { return 7, f() })
		if v != 7 {
			t.Errorf("the value is %d", v)
		}
		return err
	}, timeline.Errs(100, io.EOF)...)
	if len(at) != 101 || at[100] > 100*time.Millisecond || err != nil {
		t.Errorf("%d attempts, %v", len(at), err)
	}
	at, _ = timeline.Of(t, func(f func() error) error {
		_, err := NotifyData(func() (time.Duration, error) { return 0, f() })
		return err
	}, timeline.Errs(9, io.EOF)...)
	timeline.Between(t, at, [2]float64{.25, .75}, [2]float64{.375, 1.125})
	at, _ = timeline.Of(t, Stopped, io.EOF, io.EOF)
	timeline.Want(t, at, 0)
	at, err = timeline.Of(t, func(f func() error) error {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(1500*time.Millisecond, cancel)
		return Retries(ctx, f)
	}, timeline.Errs(9, io.EOF)...)
	timeline.Want(t, at, 0, 1)
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
