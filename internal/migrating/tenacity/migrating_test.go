package tenacity

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/callagain/retry"
)

func TestDelays(t *testing.T) {
	s := time.Second
	for name, want := range map[string][]time.Duration{
		"five":         {2 * s, 2 * s, 2 * s, 2 * s},
		"exponential":  {s, 2 * s, 4 * s},
		"random":       {s, 2 * s, 4 * s}, // at most
		"chain":        {s, 5 * s},
		"incrementing": {s, 3 * s, 5 * s},
		"log":          {s / 10, s / 5, 2 * s / 5},
	} {
		ctx, record := quick(t.Context())
		err := retry.Do(ctx, policies[name], func(context.Context) error { return errBusy })
		if got := record.Delays(); !slices.Equal(got, want) || !errors.Is(err, retry.ErrExhausted) {
			t.Errorf("%s: delays %v, %v; want %v", name, got, err, want)
		}
	}
	if p, err := forever.Plan(); err != nil || p.Attempts != retry.Unlimited {
		t.Errorf("forever: %v, %v", p, err)
	}
	if p, err := policies["both"].Plan(); err != nil || p.Attempts != 5 || p.MaxTime != 30*s {
		t.Errorf("both: %v, %v", p, err)
	}
}

func TestCalls(t *testing.T) {
	ctx, _ := quick(t.Context())
	n := 0
	f := func(context.Context) (string, error) {
		if n++; n%3 != 0 {
			return "pending", nil
		}
		return "done", nil
	}
	if s, err := poll(ctx, policies["chain"], f); s != "done" || err != nil {
		t.Errorf("poll: %q, %v", s, err)
	}
	busy := func(context.Context) (string, error) { n++; return "", errBusy }
	n = 0
	if _, err := retry.Get(ctx, policies["type"], stops(func(context.Context) (string, error) { n++; return "", io.EOF })); n != 1 || !errors.Is(err, io.EOF) {
		t.Errorf("stops: %d attempts, %v", n, err)
	}
	n = 0
	_, err := loop(ctx, policies["five"], busy)
	if attempts, _, e := last(err); n != 5 || e != errBusy || attempts != 5 {
		t.Errorf("loop: %d attempts, %v", n, err)
	}
	n = 0
	if _, err := started(ctx, retryWith(policies["five"]), busy).Result(); n != 2 || err == nil {
		t.Errorf("started: %d attempts, %v", n, err)
	}
}
