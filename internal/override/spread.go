package override

import (
	"context"
	"math/rand/v2"
	"time"
)

// Spread returns a random duration from 0 to most, which is added to a delay so that clients don't come back together.
// Under an override it is what the seed makes of it; without a seed it is 0.
func Spread(ctx context.Context, most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	n := uint64(most) + 1
	switch o := From(ctx); {
	case o == nil:
		return time.Duration(rand.Uint64N(n))
	case o.Seed == 0:
		return 0
	default:
		return time.Duration(rand.New(rand.NewPCG(o.Seed, 0)).Uint64N(n))
	}
}
