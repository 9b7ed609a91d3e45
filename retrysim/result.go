package retrysim

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"
)

// Never is [Result.Recovered] if the calls didn't recover.
const Never time.Duration = math.MaxInt64

// Counts are what happened in some time.
type Counts struct {
	Calls     int64 // begun
	Attempts  int64 // made, hedges included
	Hedges    int64 // made beside another attempt
	Succeeded int64 // calls
	Exhausted int64 // calls that gave up with retry.ErrExhausted
	Refused   int64 // calls that gave up with retry.ErrBudget, or for a Throttle
	TooLate   int64 // calls that gave up with retry.ErrTooLate
	Stopped   int64 // calls whose failure the policy doesn't retry
	Timeouts  int64 // attempts that exceeded Policy.Timeout
	Rejected  int64 // attempts that didn't fit into the queue
	Dropped   int64 // attempts that Server.DropDead dropped
	Late      int64 // answers to callers who had left
}

// Failed returns the number of calls that failed.
func (c Counts) Failed() int64 { return c.Exhausted + c.Refused + c.TooLate + c.Stopped }

// Load returns the attempts for each call.
func (c Counts) Load() float64 { return ratio(c.Attempts, c.Calls) }

// Success returns the part of the calls that have ended that succeeded.
func (c Counts) Success() float64 { return ratio(c.Succeeded, c.Succeeded+c.Failed()) }

func ratio(a, b int64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

func (c *Counts) add(d Counts) {
	c.Calls += d.Calls
	c.Attempts += d.Attempts
	c.Hedges += d.Hedges
	c.Succeeded += d.Succeeded
	c.Exhausted += d.Exhausted
	c.Refused += d.Refused
	c.TooLate += d.TooLate
	c.Stopped += d.Stopped
	c.Timeouts += d.Timeouts
	c.Rejected += d.Rejected
	c.Dropped += d.Dropped
	c.Late += d.Late
}

// A Step is what happened from the time At, for the time Result.Step, and how things were at its end.
type Step struct {
	At time.Duration
	Counts

	InProgress int           // calls
	Queue      int           // requests that wait for a worker
	Busy       int           // requests that are worked on
	Budget     float64       // retries that are available to a client, the mean of at most 64 clients
	P50, P99   time.Duration // how long the calls took that succeeded, delays included; up to 3 % too high
}

// A Result is what came of a [Scenario].
type Result struct {
	Counts
	InProgress int // calls at the end

	// How long the calls took that succeeded, delays included. Quantiles are up to 3 % too high.
	P50, P90, P99, P999, Longest time.Duration

	// Recovered is the time from the end of the last fault or spike until successes stay at 80 % of the calls or more, for
	// five seconds, rounded to steps. It is 0 if nothing has to recover, and [Never] if that didn't happen.
	Recovered time.Duration

	Steps     []Step
	Step      time.Duration // the length of each
	End       time.Duration // of the simulation
	LastFault time.Duration // when the last fault or spike ended
	Clients   int
}

// Between returns what happened in the steps that begin at from or later, and before to.
func (r *Result) Between(from, to time.Duration) Counts {
	var c Counts
	for _, s := range r.Steps {
		if s.At >= from && s.At < to {
			c.add(s.Counts)
		}
	}
	return c
}

// Peak returns the most attempts for each call in any five seconds in a row, and when these begin.
func (r *Result) Peak() (load float64, at time.Duration) {
	window := int(max(1, 5*time.Second/r.Step))
	var c Counts
	for i, s := range r.Steps {
		c.Calls += s.Calls
		c.Attempts += s.Attempts
		if i >= window {
			c.Calls -= r.Steps[i-window].Calls
			c.Attempts -= r.Steps[i-window].Attempts
		}
		if l := c.Load(); i >= window-1 && l > load {
			load, at = l, r.Steps[i-window+1].At
		}
	}
	return load, at
}

func (r *Result) recovered() time.Duration {
	window := int(max(1, (5*time.Second+r.Step-1)/r.Step))
	good := 0
	for i, s := range r.Steps {
		if r.LastFault == 0 {
			break
		}
		switch {
		case s.At < r.LastFault:
		case 5*s.Succeeded < 4*s.Calls:
			good = 0
		default:
			if good++; good == window {
				return r.Steps[i-window+1].At - r.LastFault
			}
		}
	}
	if r.LastFault == 0 {
		return 0
	}
	return Never
}

// String describes the result in one sentence.
func (r *Result) String() string {
	s := fmt.Sprintf("%d clients made %d calls with %.2f attempts each; %.1f %% of them succeeded", r.Clients, r.Calls, r.Load(), 100*r.Success())
	switch {
	case r.LastFault == 0:
	case r.Recovered == 0:
		s += "; they recovered as soon as the last fault was over"
	case r.Recovered == Never:
		s += fmt.Sprintf("; they didn't recover in the %v after the last fault", r.End-r.LastFault)
	default:
		s += fmt.Sprintf("; they recovered %v after the last fault", r.Recovered)
	}
	return s
}

// WriteCSV writes the steps with a line of column names. Times are in seconds.
func (r *Result) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	c.Write([]string{"at_s", "calls", "attempts", "hedges", "succeeded", "exhausted", "refused", "too_late", "stopped", "timeouts", "rejected",
		"dropped", "late", "in_progress", "queue", "busy", "budget", "p50_s", "p99_s"})
	for _, s := range r.Steps {
		line := []string{seconds(s.At)}
		for _, n := range []int64{s.Calls, s.Attempts, s.Hedges, s.Succeeded, s.Exhausted, s.Refused, s.TooLate, s.Stopped, s.Timeouts, s.Rejected,
			s.Dropped, s.Late, int64(s.InProgress), int64(s.Queue), int64(s.Busy)} {
			line = append(line, strconv.FormatInt(n, 10))
		}
		c.Write(append(line, strconv.FormatFloat(s.Budget, 'g', -1, 64), seconds(s.P50), seconds(s.P99)))
	}
	c.Flush()
	return c.Error()
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'g', -1, 64) }
