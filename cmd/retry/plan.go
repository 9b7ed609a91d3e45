package main

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/callagain/retry"
)

// planned is what the options come to. What [retry.Policy.Plan] has no way of knowing is added to it.
func (o *options) planned() (retry.Plan, error) {
	p := o.policy(nil)
	if o.delays != nil {
		p.Backoff = retry.List(o.delays)
		p.Attempts = min(p.Attempts, len(o.delays))
	}
	l, err := p.Plan()
	if err != nil {
		return l, err
	}
	n := o.limit()
	switch {
	case o.delays != nil && n == unlimited:
		l.Attempts = unlimited
	case o.delays != nil:
		// The last delay is repeated.
		last := o.delays[len(o.delays)-1]
		l.MaxWait += saturated(float64(last)*float64(max(0, n-len(o.delays))), l.MaxWait)
		l.Attempts = n
		l.MeanWait = o.mean(l.MaxWait)
	case o.backoff == "linear" && o.initial > 0 && n != unlimited:
		grown := min(time.Duration(n-1), o.maxDelay/o.initial)
		l.MaxWait = saturated(float64(o.initial)*float64(grown)*float64(grown+1)/2+float64(o.maxDelay)*float64(time.Duration(n-1)-grown), 0)
		l.MeanWait = o.mean(l.MaxWait)
	}
	if o.timeout > 0 {
		l.MaxTime = l.MaxWait + saturated(float64(o.timeout)*float64(n), l.MaxWait)
	}
	return l, nil
}

// mean is what delays of at most d are on average.
func (o *options) mean(d time.Duration) time.Duration { return d - (d-o.least(1, d))/2 }

// saturated is d, or as much as still fits beside more.
func saturated(d float64, more time.Duration) time.Duration {
	if d >= float64(math.MaxInt64-more) {
		return math.MaxInt64 - more
	}
	return time.Duration(d)
}

// printPlan prints the schedule that the options mean, and what it adds up to.
func printPlan(w io.Writer, o *options) error {
	const lines = 20
	p, err := o.planned()
	if err != nil {
		return err
	}
	if o.log == "json" {
		return o.writePlan(w, p)
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
	endless := p.Attempts == unlimited
	fmt.Fprintln(&b, "attempt   delay before it")
	for i, d := range p.Delays[:min(len(p.Delays), lines)] {
		if line(i+1, d); endless && i > 1 && d == p.Delays[i-1] {
			break // it doesn't change any more
		}
	}
	switch {
	case endless:
		fmt.Fprintln(&b, "    ...   and so on without end")
	case p.Attempts > lines:
		fmt.Fprintln(&b, "    ...")
		last := p.Delays[len(p.Delays)-1]
		if o.backoff == "linear" && o.delays == nil {
			last = saturated(float64(o.initial)*float64(p.Attempts-1), 0)
			last = min(last, o.maxDelay)
		}
		line(p.Attempts, last)
	}
	fmt.Fprintln(&b)
	if !endless {
		fmt.Fprintf(&b, "all delays    %s at worst, %s on average\n", short(p.MaxWait), short(p.MeanWait))
		if p.MaxTime > 0 && p.MaxTime < math.MaxInt64 {
			fmt.Fprintf(&b, "with runs     %s at worst, as each ends after %s\n", short(p.MaxTime), short(o.timeout))
		}
	}
	switch {
	case o.lastTry:
		fmt.Fprintf(&b, "--within      it all ends after %s; a delay that would end later is cut short for a last attempt\n", short(o.within))
	case o.within > 0:
		fmt.Fprintf(&b, "--within      it all ends after %s, and no delay is begun that would end later\n", short(o.within))
	}
	if o.budget != "" {
		fmt.Fprintf(&b, "--budget      a retry only while the budget %s has one, which all processes share\n", o.budget)
	}
	_, err = w.Write(b.Bytes())
	return err
}

type planJSON struct {
	Attempts *int            `json:"attempts"` // null if there is no limit
	Delays   []planDelayJSON `json:"delays"`   // until nothing changes, or a thousand
	MaxWait  *float64        `json:"most_waiting_seconds"`
	MeanWait *float64        `json:"mean_waiting_seconds"`
	MaxTime  *float64        `json:"most_seconds"` // null where nothing limits an attempt
	Timeout  float64         `json:"timeout_seconds,omitempty"`
	Within   float64         `json:"within_seconds,omitempty"`
}

type planDelayJSON struct {
	Attempt int     `json:"attempt"`
	Least   float64 `json:"least_seconds"`
	Most    float64 `json:"most_seconds"`
}

// writePlan is printPlan for machines.
func (o *options) writePlan(w io.Writer, p retry.Plan) error {
	j := planJSON{Timeout: o.timeout.Seconds(), Within: o.within.Seconds()}
	if p.Attempts != unlimited {
		j.Attempts, j.MaxWait, j.MeanWait = &p.Attempts, new(p.MaxWait.Seconds()), new(p.MeanWait.Seconds())
		if o.timeout > 0 {
			j.MaxTime = new(p.MaxTime.Seconds())
		}
	}
	for i, d := range p.Delays {
		j.Delays = append(j.Delays, planDelayJSON{i + 1, o.least(i+1, d).Seconds(), d.Seconds()})
	}
	_, err := w.Write(append(asJSON(j), '\n'))
	return err
}
