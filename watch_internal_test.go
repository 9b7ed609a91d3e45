package retry

import (
	"context"
	"math/rand/v2"
	"testing"
)

// Whatever the order in which sleepers leave, each is found, and the last one takes the watcher with it.
func TestWatcherIsGoneWithItsLastSleeper(t *testing.T) {
	for seed := range uint64(50) {
		ctx, cancel := context.WithCancel(context.Background())
		sleepers := make([]*sleeper, 20)
		for i := range sleepers {
			sleepers[i] = &sleeper{wake: func() { t.Error("woken") }}
			watch(ctx, sleepers[i])
		}
		r := rand.New(rand.NewPCG(seed, 1))
		r.Shuffle(len(sleepers), func(i, j int) { sleepers[i], sleepers[j] = sleepers[j], sleepers[i] })
		key := watched{ctx.Done(), virtual()}
		for i, s := range sleepers {
			if _, ok := watchers.Load(key); !ok {
				t.Fatalf("the watcher is gone with %d sleepers left", len(sleepers)-i)
			}
			unwatch(ctx, s)
			unwatch(ctx, s) // twice does no harm
		}
		if _, ok := watchers.Load(key); ok {
			t.Fatal("the watcher is still there")
		}
		cancel()
	}
}
