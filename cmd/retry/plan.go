package main

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/callagain/retry"
)

// A plan is what the options come to.
type plan struct {
	most        []time.Duration // the longest delay before each attempt, as far as they are known
	attempts    int
	worst, mean time.Duration // of all delays together
	slowest     time.Duration // of all delays and attempts; 0 if nothing limits an attempt
}

func (o *options) planned() (plan, error) {
	exact := *o
	if o.delays != nil {
		exact.jitter = "none"
	}
	l, err := exact.policy(nil).Plan()
	if err != nil {
		return plan{}, err
	}
	p := plan{attempts: l.Attempts, worst: l.MaxWait, mean: l.MeanWait, slowest: l.MaxTime}
	for _, d := range l.Delays {
		p.most = append(p.most, d.Max)
	}
	if o.delays != nil {
		p.mean = o.middle(p.worst)
	}
	return p, nil
}

// least is the shortest that the n-th delay can be if it's at most d.
func (o *options) least(n int, d time.Duration) time.Duration {
	switch {
	case o.backoff == "decorrelated" && n > 1:
		return min(d, o.initial)
	case o.spread() == retry.Equal:
		return d - d/2
	case o.spread() == retry.Full:
		return 0
	}
	return d
}

// middle is what a delay of at most d is on average.
func (o *options) middle(d time.Duration) time.Duration { return d - (d-o.least(1, d))/2 }

// printPlan prints the schedule that the options mean, and what it adds up to.
func printPlan(w io.Writer, o *options) error {
	const lines = 20
	p, err := o.planned()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	line := func(n int, d time.Duration) {
		text := short(d)
		if least := o.least(n, d); least < d {
			text = short(least) + " to " + text
		} else if d == 0 {
			text = "none"
		}
		fmt.Fprintf(&b, "%7d   %s\n", n, text)
	}
	endless := p.attempts == unlimited
	fmt.Fprintln(&b, "attempt   delay before it")
	for i, d := range p.most[:min(len(p.most), lines)] {
		if line(i+1, d); endless && i > 1 && d == p.most[i-1] {
			break // it doesn't change any more
		}
	}
	switch {
	case endless:
		fmt.Fprintln(&b, "    ...   and so on without end")
	case p.attempts > lines:
		fmt.Fprintln(&b, "    ...")
		line(p.attempts, p.most[len(p.most)-1])
	}
	fmt.Fprintln(&b)
	if !endless {
		fmt.Fprintf(&b, "all delays    %s at worst, %s on average\n", short(p.worst), short(p.mean))
		if p.slowest > 0 && p.slowest < math.MaxInt64 {
			fmt.Fprintf(&b, "with runs     %s at worst, as each ends after %s\n", short(p.slowest), short(o.timeout))
		}
	}
	if o.within > 0 {
		fmt.Fprintf(&b, "--within      it all ends after %s, and no delay is begun that would end later\n", short(o.within))
	}
	_, err = w.Write(b.Bytes())
	return err
}
