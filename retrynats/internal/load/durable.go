package load

import (
	"context"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrynats"
)

// durable is retrynats.
type durable struct {
	e      *retrynats.Engine
	policy retry.Policy
	f      *retrynats.Function[string, string]
}

// Durable opens retrynats.
func Durable(ctx context.Context, dir string, delay time.Duration, url string) (Queue, error) {
	s := retrynats.Settings{Dir: dir, AtOnce: Slots}
	if url != "" {
		s.Dir, s.URL = "", url
	}
	e, err := retrynats.Open(ctx, s)
	if err != nil {
		return nil, err
	}
	d := &durable{e: e, policy: retry.Policy{Attempts: Attempts, Backoff: retry.Constant(delay)}}
	d.f, err = retrynats.Register[string, string](e, "bench.start", d.policy, nil)
	return d, err
}

func (d *durable) Start(ctx context.Context, key string) error {
	_, err := d.f.Start(ctx, key, Body)
	return err
}

func (d *durable) Work(attempt func(string, int) error) (err error) {
	d.f, err = retrynats.Register(d.e, "bench.work", d.policy, func(ctx context.Context, _ string) (string, error) {
		a, _ := retrynats.Current(ctx)
		return "ok", attempt(a.Key, a.Number)
	})
	return err
}

func (d *durable) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	d.e.Close(ctx)
}
