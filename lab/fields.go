package main

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A field is one thing on the page that can be set. Its name is also that in links.
type field struct {
	Name, Label, Help string
	Steps             []string // for the slider
	Choices           []string // for a list
	Min, Max          float64  // of numbers; of durations in seconds
	Group             string
	at                func(*Setup) any
}

const (
	microsecond = 1e-6
	hour        = 3600
)

func steps(s string) []string { return strings.Fields(s) }

// sideFields are the fields of one policy.
func sideFields(prefix, group string, side func(*Setup) *Side) []field {
	all := []field{
		{Name: "kind", Label: "Backoff", Choices: []string{"exponential", "constant"}, at: func(s *Setup) any { return &side(s).Kind }},
		{Name: "attempts", Label: "Attempts", Help: "at most, the first included; -1 is no limit", Steps: steps("1 2 3 4 5 6 8 10 15 20"), Min: -1, Max: 1000,
			at: func(s *Setup) any { return &side(s).Attempts }},
		{Name: "initial", Label: "First delay", Help: "before jitter", Steps: steps("1ms 5ms 10ms 20ms 50ms 100ms 200ms 500ms 1s 2s 5s 10s 20s"), Min: microsecond, Max: hour,
			at: func(s *Setup) any { return &side(s).Initial }},
		{Name: "max", Label: "Longest delay", Steps: steps("100ms 500ms 1s 2s 5s 10s 20s 1m 2m 5m"), Min: microsecond, Max: hour,
			at: func(s *Setup) any { return &side(s).Max }},
		{Name: "jitter", Label: "Jitter", Choices: []string{"full", "equal", "decorrelated", "none"}, at: func(s *Setup) any { return &side(s).Jitter }},
		{Name: "timeout", Label: "Timeout", Help: "of an attempt; 0 is none", Steps: steps("0s 50ms 100ms 200ms 500ms 1s 2s 5s 10s 30s"), Max: hour,
			at: func(s *Setup) any { return &side(s).Timeout }},
		{Name: "within", Label: "Within", Help: "of a call; 0 is no limit", Steps: steps("0s 1s 2s 5s 10s 30s 1m 5m"), Max: hour,
			at: func(s *Setup) any { return &side(s).Within }},
		{Name: "budget", Label: "Budget", Help: "one for each client", at: func(s *Setup) any { return &side(s).Budget }},
		{Name: "ratio", Label: "Ratio", Help: "retries for each success", Steps: steps("0.01 0.02 0.05 0.1 0.2 0.5 1"), Min: 0.001, Max: 1,
			at: func(s *Setup) any { return &side(s).Ratio }},
		{Name: "min", Label: "Reserve", Help: "retries without any success", Steps: steps("1 2 3 5 10 20 50 100"), Min: 1, Max: 10000,
			at: func(s *Setup) any { return &side(s).Min }},
		{Name: "every", Label: "Refilled every", Help: "for one of the reserve", Steps: steps("100ms 1s 10s 30s 1m 5m"), Min: 0.001, Max: hour,
			at: func(s *Setup) any { return &side(s).Every }},
		{Name: "hedge", Label: "Hedge after", Help: "a second attempt beside a slow one; 0 is never", Steps: steps("0s 10ms 20ms 30ms 50ms 100ms 200ms 500ms 1s"), Max: hour,
			at: func(s *Setup) any { return &side(s).Hedge }},
		{Name: "hedgeq", Label: "Hedge quantile", Help: "hedges after this part of the recent latencies, as soon as enough are known; 0 is never", Steps: steps("0 0.5 0.8 0.9 0.95 0.99"), Max: 0.99,
			at: func(s *Setup) any { return &side(s).HedgeQuantile }},
		{Name: "onfailure", Label: "Hedge failures", Help: "replaces a failed attempt at once, if there is a hedge", at: func(s *Setup) any { return &side(s).OnFailure }},
		{Name: "hedgefree", Label: "without a budget", Help: "hedges are at most a fifth of the successes otherwise, and a twentieth if they are of no use", at: func(s *Setup) any { return &side(s).HedgeFree }},
	}
	for i := range all {
		all[i].Name, all[i].Group = prefix+all[i].Name, group
	}
	return all
}

// fields are all of them, in the order of the page.
var fields = slices.Concat(
	sideFields("a.", "Policy A", func(s *Setup) *Side { return &s.A }),
	sideFields("b.", "Policy B", func(s *Setup) *Side { return &s.B }),
	worldFields())

func worldFields() []field {
	all := []field{
		{Name: "clients", Label: "Clients", Group: "Callers", Steps: steps("1 10 50 100 200 500 1000 2000 5000 10000 100000"), Min: 1, Max: 1e6, at: func(s *Setup) any { return &s.Clients }},
		{Name: "rate", Label: "Calls a second", Group: "Callers", Help: "of each client", Steps: steps("0.1 0.2 0.5 0.8 1 2 5 10 20 50 100"), Min: 0.0001, Max: 1e5, at: func(s *Setup) any { return &s.Rate }},
		{Name: "arrivals", Label: "Arrivals", Group: "Callers", Choices: []string{"Poisson", "even", "at once"}, at: func(s *Setup) any { return &s.Arrivals }},
		{Name: "network", Label: "Network", Group: "Callers", Help: "each way, exponential, this is the mean", Steps: steps("0s 100us 1ms 2ms 5ms 10ms 50ms 100ms"), Max: 60, at: func(s *Setup) any { return &s.Network }},
		{Name: "workers", Label: "Workers", Group: "Server", Help: "0 is no limit", Steps: steps("0 1 2 4 8 12 16 20 32 64 100"), Max: 1e6, at: func(s *Setup) any { return &s.Workers }},
		{Name: "service", Label: "Service time", Group: "Server", Help: "of a request", Steps: steps("0s 1ms 2ms 3ms 5ms 6ms 8ms 10ms 12ms 15ms 20ms 50ms 100ms 1s"), Max: 60, at: func(s *Setup) any { return &s.Service }},
		{Name: "crowding", Label: "Crowding", Group: "Server", Help: "added for each other request in service", Steps: steps("0s 100us 1ms 5ms 10ms 20ms"), Max: 1, at: func(s *Setup) any { return &s.Crowding }},
		{Name: "queue", Label: "Queue", Group: "Server", Help: "at most; 0 is no limit", Steps: steps("0 10 50 100 200 500 600 1000 5000"), Max: 1e6, at: func(s *Setup) any { return &s.Queue }},
		{Name: "drop", Label: "Drops dead work", Group: "Server", Help: "the requests of callers who have left", at: func(s *Setup) any { return &s.DropDead }},
		{Name: "row", Label: "One row", Group: "Server", Help: "that all clients read and write, with optimistic concurrency; the rest of the server doesn't count then", at: func(s *Setup) any { return &s.Row }},
		{Name: "fault", Label: "Fault", Group: "What goes wrong", Choices: []string{"none", "errors", "silence", "slow", "stall", "cut"}, at: func(s *Setup) any { return &s.Fault }},
		{Name: "at", Label: "Begins at", Group: "What goes wrong", Steps: steps("0s 5s 10s 20s 30s 1m"), Max: hour, at: func(s *Setup) any { return &s.FaultAt }},
		{Name: "lasts", Label: "Lasts", Group: "What goes wrong", Steps: steps("100ms 300ms 1s 2s 5s 10s 20s 30s 1m"), Max: hour, at: func(s *Setup) any { return &s.FaultFor }},
		{Name: "part", Label: "Part", Group: "What goes wrong", Help: "of the requests, or of the workers", Steps: steps("0.01 0.05 0.1 0.2 0.3 0.5 0.8 1"), Max: 1, at: func(s *Setup) any { return &s.FaultPart }},
		{Name: "spike", Label: "Calls, times", Group: "What goes wrong", Help: "in that time", Steps: steps("0.5 1 1.5 2 3 5 10"), Max: 1000, at: func(s *Setup) any { return &s.Spike }},
		{Name: "for", Label: "Simulated time", Group: "Simulation", Steps: steps("1s 2s 5s 10s 20s 30s 50s 1m 2m 5m 10m"), Min: 0.01, Max: 24 * hour, at: func(s *Setup) any { return &s.For }},
		{Name: "seed", Label: "Seed", Group: "Simulation", Help: "of the random numbers", Steps: steps("1 2 3 4 5 6 7 8 9"), Max: math.MaxInt32, at: func(s *Setup) any { return &s.Seed }},
	}
	return all
}

// mostCalls is how many calls a request may ask to simulate, for each policy.
const mostCalls = 20e6

// mostHedging is how many clients may hedge.
const mostHedging = 20_000

// parse reads a setup from a link. What isn't there is standard; errs says for each field what is wrong with it.
func parse(q url.Values) (s Setup, errs map[string]string) {
	s, errs = standard(), map[string]string{}
	for _, f := range fields {
		if n := len(q[f.Name]); n > 1 {
			errs[f.Name] = fmt.Sprintf("the link says this %d times", n)
		} else if n == 1 {
			if err := f.set(&s, q.Get(f.Name)); err != nil {
				errs[f.Name] = err.Error()
			}
		}
	}
	if len(errs) == 0 {
		calls := float64(s.Clients) * s.Rate * s.For.Seconds() * max(1, s.Spike)
		if s.Arrivals == "at once" {
			calls = float64(s.Clients)
		}
		if calls > mostCalls {
			errs["for"] = fmt.Sprintf("that is %.0f million calls; at most %.0f million are simulated here: use retrysim.Run", calls/1e6, mostCalls/1e6)
		}
		if (s.A.hedges() || s.B.hedges()) && s.Clients > mostHedging {
			errs["clients"] = fmt.Sprintf("with hedging at most %d clients are simulated here, since each remembers latencies: use retrysim.Run", mostHedging)
		}
		if s.Fault != "none" && s.FaultAt+s.FaultFor > s.For {
			errs["lasts"] = fmt.Sprintf("the fault ends at %v, after the simulation (%v)", s.FaultAt+s.FaultFor, s.For)
		}
	}
	return s, errs
}

// link returns the query of a link to s, with what isn't standard.
func link(s Setup) string {
	q := url.Values{}
	base := standard()
	for _, f := range fields {
		if v := f.text(&s); v != f.text(&base) {
			q.Set(f.Name, v)
		}
	}
	return q.Encode()
}

// text returns the value of the field as it is written.
func (f field) text(s *Setup) string {
	switch p := f.at(s).(type) {
	case *time.Duration:
		return shortDuration(*p)
	case *int:
		return strconv.Itoa(*p)
	case *float64:
		return strconv.FormatFloat(*p, 'g', -1, 64)
	case *bool:
		return strconv.FormatBool(*p)
	case *string:
		return *p
	}
	panic("lab: a field of unknown type")
}

// shortDuration returns d without the parts that are 0, as in 2m instead of 2m0s.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func (f field) set(s *Setup, v string) error {
	v = strings.TrimSpace(v)
	if len(v) > 40 {
		return fmt.Errorf("too long")
	}
	outside := func(low, high string) error {
		return fmt.Errorf("must be from %s to %s", low, high)
	}
	switch p := f.at(s).(type) {
	case *time.Duration:
		d, err := time.ParseDuration(v)
		if err != nil {
			return fmt.Errorf("needs a number with a unit, such as 100ms, 2s or 1m")
		}
		if x := d.Seconds(); x < f.Min || x > f.Max {
			return outside(shortDuration(time.Duration(f.Min*1e9)), shortDuration(time.Duration(f.Max*1e9)))
		}
		*p = d
	case *int:
		n, err := strconv.Atoi(v)
		if err != nil {
			return fmt.Errorf("needs a whole number")
		}
		if x := float64(n); x < f.Min || x > f.Max {
			return outside(strconv.FormatFloat(f.Min, 'f', -1, 64), strconv.FormatFloat(f.Max, 'f', -1, 64))
		}
		if f.Label == "Attempts" && n == 0 {
			return fmt.Errorf("must be at least 1, or -1 for no limit")
		}
		*p = n
	case *float64:
		x, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return fmt.Errorf("needs a number")
		}
		if !(x >= f.Min && x <= f.Max) {
			return outside(strconv.FormatFloat(f.Min, 'f', -1, 64), strconv.FormatFloat(f.Max, 'f', -1, 64))
		}
		*p = x
	case *bool:
		b, err := strconv.ParseBool(v)
		if err != nil {
			return fmt.Errorf("must be true or false")
		}
		*p = b
	case *string:
		if !slices.Contains(f.Choices, v) {
			return fmt.Errorf("must be one of %s", strings.Join(f.Choices, ", "))
		}
		*p = v
	}
	return nil
}
