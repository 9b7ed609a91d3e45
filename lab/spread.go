package main

import (
	"errors"
	"slices"
	"time"

	"github.com/callagain/retry"
)

// spread returns when the attempts of a call are made that fail at once, at most ten of them, in seconds: for 1 %, half and
// 99 % of the calls. It asks the policy itself, for some hundreds of calls.
func (s Side) spread() (low, middle, high []float64) {
	const calls, most = 400, 10
	p := s.policy()
	p.Budget = nil
	failure := errors.New("failed")
	var at [most][]float64
	start := time.Unix(0, 0)
	for seed := range uint64(calls) {
		position, wait, err := p.Next(retry.Position{Seed: seed*0x9e3779b97f4a7c15 + 1}, start, nil)
		now := start
		for n := 0; err == nil && n < most; n++ {
			now = now.Add(wait)
			at[n] = append(at[n], now.Sub(start).Seconds())
			position, wait, err = p.Next(position, now, failure)
		}
	}
	for _, times := range at {
		if len(times) == 0 {
			break
		}
		slices.Sort(times)
		low = append(low, times[len(times)/100])
		middle = append(middle, times[len(times)/2])
		high = append(high, times[len(times)-1-len(times)/100])
	}
	return low, middle, high
}
