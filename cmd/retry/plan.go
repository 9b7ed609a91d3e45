package main

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"time"

	"github.com/callagain/retry"
)

// A plan is what a schedule can turn out to be.
type plan struct {
	low, high []time.Duration // of the delay before each attempt
	drawn     []time.Duration // with --seed, what it will be
	endless   bool            // the last delay is repeated without end
	worst     time.Duration   // of all delays together
	mean      time.Duration
}

// newPlan asks the schedule itself, with jitter from sources that always give the least or the most.
func newPlan(o *options) plan {
	const most = 100_000 // longer ones are made of the same delay again and again
	one := *o
	p := plan{endless: o.attempts == retry.Unlimited}
	if p.endless {
		one.attempts = 1000
	}
	take := func(r *rand.Rand) (ds []time.Duration) {
		for d := range one.schedule(r).Delays() {
			if ds = append(ds, d); len(ds) == most {
				break
			}
		}
		return ds
	}
	// A 0 can't be drawn from for ever, so the least is 1.
	p.low, p.high = take(rand.New(constant(1))), take(rand.New(constant(math.MaxUint64)))
	for i := range p.low {
		p.low[i], p.high[i] = min(p.low[i], p.high[i]), max(p.low[i], p.high[i])
	}
	if o.seed != nil {
		p.drawn = take(o.rand())
	}
	p.worst = sum(p.high)
	const samples = 1000
	mean := 0.0
	switch {
	case o.backoff != "decorrelated" || o.delays != nil:
		mean = float64(sum(take(rand.New(constant(1 << 63)))))
	case len(p.low) <= 1000:
		// Its mean has no simple form.
		r := rand.New(rand.NewPCG(1, 1))
		for range samples {
			mean += float64(sum(take(r))) / samples
		}
	}
	p.mean = time.Duration(min(mean, math.MaxInt64/2))
	return p
}

// constant is a source of the same number again and again.
type constant uint64

func (c constant) Uint64() uint64 { return uint64(c) }

func sum(ds []time.Duration) (total time.Duration) {
	for _, d := range ds {
		if total += d; total < 0 {
			return math.MaxInt64
		}
	}
	return total
}

// line says what the delay before attempt n, from 1, can be.
func (p *plan) line(n int) string {
	low, high := short(p.low[n-1]), short(p.high[n-1])
	switch {
	case high == "0s":
		high = "none"
	case p.high[n-1]-p.low[n-1] > 1:
		if p.low[n-1] <= 1 {
			low = "0s"
		}
		high = low + " to " + high
	}
	if p.drawn != nil {
		return fmt.Sprintf("%7d   %-18s %s", n, high, short(p.drawn[n-1]))
	}
	return fmt.Sprintf("%7d   %s", n, high)
}

// printPlan prints the schedule that the options mean, and what it adds up to.
func printPlan(w io.Writer, o *options) {
	const lines = 20
	p := newPlan(o)
	n := len(p.low)
	shown := min(n, lines)
	if p.endless {
		// As far as it changes.
		for shown = 2; shown < lines && (p.low[shown-1] != p.low[shown-2] || p.high[shown-1] != p.high[shown-2]); shown++ {
		}
	}
	title := "attempt   delay before it"
	if p.drawn != nil {
		title += fmt.Sprintf("    with --seed %d", *o.seed)
	}
	fmt.Fprintln(w, title)
	for i := 1; i <= shown; i++ {
		fmt.Fprintln(w, p.line(i))
	}
	switch {
	case p.endless:
		fmt.Fprintln(w, "    ...   and so on without end")
	case shown < n:
		fmt.Fprintln(w, "    ...")
		fmt.Fprintln(w, p.line(n))
	}
	fmt.Fprintln(w)
	if !p.endless {
		fmt.Fprintf(w, "all delays    %s at worst, %s on average\n", short(p.worst), short(p.mean))
		if o.timeout > 0 {
			fmt.Fprintf(w, "with runs     %s at worst, as each ends after %s\n", short(sum([]time.Duration{p.worst, times(o.timeout, n)})), short(o.timeout))
		}
	}
	if o.within > 0 {
		fmt.Fprintf(w, "--within      it all ends after %s, and no delay is begun that would end later\n", short(o.within))
	}
}

func times(d time.Duration, n int) time.Duration {
	if d > math.MaxInt64/time.Duration(max(n, 1)) {
		return math.MaxInt64
	}
	return d * time.Duration(n)
}
