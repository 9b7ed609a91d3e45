package main

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"syscall"
	"time"
)

// options are all that can be set. The flags table says how.
type options struct {
	given      map[string]bool // the long names of the flags that were given
	attempts   int             // 0 if not given
	initial    time.Duration
	maxDelay   time.Duration
	backoff    string
	delays     []time.Duration
	jitter     string // "" if not given
	timeout    time.Duration
	within     time.Duration
	grace      time.Duration
	killSignal syscall.Signal // 0 if not given
	resetAfter time.Duration

	retryOn, stopOn, successOn   outcomes
	patterns                     [patterns][]*regexp.Regexp
	delayFrom                    []*regexp.Regexp
	untilFails                   bool
	consecutive                  int
	exhaustedCode                int // -1 if not given
	noStdin, follow, lastTry     bool
	output                       string
	quiet, verbose               bool
	log                          string
	report, budget, logFile      string
	onRetry, onGiveup            string
	plan, help, version, showMan bool
	status                       bool
	completion                   string

	probes  []probe
	command []string
}

func defaults() options {
	return options{
		given:         map[string]bool{},
		initial:       time.Second,
		maxDelay:      2 * time.Minute,
		backoff:       "exponential",
		grace:         5 * time.Second,
		consecutive:   1,
		exhaustedCode: -1,
		output:        "stream",
		log:           "text",
	}
}

// show reports whether something is to be shown in the place of a call.
func (o *options) show() bool { return o.help || o.version || o.showMan || o.completion != "" }

// limit is how many attempts there are at most.
func (o *options) limit() int {
	switch {
	case o.attempts != 0:
		return o.attempts
	case o.delays != nil:
		return len(o.delays)
	}
	return 10
}

// A conflict is between two flags, by their long names.
type conflict struct{ a, b, text string }

func (c *conflict) Error() string { return c.text }

// aboutCommands are the flags that have no effect where there are probes.
var aboutCommands = []string{"retry-on", "stop-on", "success-on", "retry-stdout", "retry-stderr", "stop-stdout", "stop-stderr", "until",
	"follow", "delay-from", "output", "kill-signal", "no-stdin", "reset-after"}

// check finds what makes no sense together.
func (o *options) check() error {
	for _, pair := range [...]struct {
		a, b string
		is   bool
	}{
		{"delays", "initial", true}, {"delays", "max-delay", true}, {"delays", "backoff", true}, {"delays", "delay", true},
		{"delay", "initial", true}, {"delay", "max-delay", true}, {"delay", "backoff", true},
		{"max-delay", "backoff", o.backoff == "constant"}, {"jitter", "backoff", o.backoff == "decorrelated"},
		{"until", "until-fails", true}, {"success-on", "until", true}, {"success-on", "until-fails", true},
		{"quiet", "verbose", true}, {"quiet", "log-file", true}, {"report", "log-file", o.report == o.logFile},
		{"budget", "consecutive", o.consecutive > 1}, {"reset-after", "timeout", o.timeout > 0 && o.resetAfter > o.timeout},
	} {
		if pair.is && o.given[pair.a] && o.given[pair.b] {
			return &conflict{pair.a, pair.b, fmt.Sprintf("--%s and --%s%s contradict each other, or one has no effect; use one of them",
				pair.a, pair.b, map[bool]string{true: " " + o.backoff}[pair.b == "backoff"])}
		}
	}
	for _, p := range o.probes {
		for _, flag := range aboutCommands {
			if o.given[flag] {
				return &conflict{flag, p.flag, fmt.Sprintf("--%s is about a command that is run again; with --%s it is run once, when %s is there", flag, p.flag, p.name)}
			}
		}
	}
	for _, flag := range slices.Sorted(maps.Keys(o.given)) {
		if o.status && !slices.Contains([]string{"status", "budget", "log"}, flag) {
			return &conflict{"status", flag, fmt.Sprintf("--status says how a budget is, and runs nothing; --%s has no effect there", flag)}
		}
	}
	for flag, others := range map[string]outcomes{"retry-on": o.retryOn, "stop-on": o.stopOn} {
		if o.successOn.overlaps(others) {
			return &conflict{"success-on", flag, fmt.Sprintf("--success-on and --%s name the same outcome; it can't be both", flag)}
		}
	}
	if o.retryOn != nil && o.retryOn.within(o.stopOn) {
		return &conflict{"retry-on", "stop-on", "--stop-on names all that --retry-on names, so nothing would be tried again; take it out of one of them"}
	}
	for _, grows := range []string{"backoff", "max-delay"} {
		if o.given["initial"] && o.initial == 0 && o.given[grows] && o.backoff != "constant" {
			return &conflict{"initial", grows, fmt.Sprintf("--initial 0 stays 0, however it grows, so --%s has no effect; say --initial TIME, or --delay 0 for no delays", grows)}
		}
	}
	limits := "attempts"
	if o.attempts == 0 && o.delays != nil {
		limits = "delays"
	}
	switch limit := o.limit(); {
	case len(o.delays) == 1:
		d := short(o.delays[0])
		return &conflict{"delays", "delays", fmt.Sprintf("--delays %s is one delay, before the first attempt, and leaves no second one; for %s between attempts say --delay %s"+
			" (and --attempts N for what other tools call -t N), for a list --delays 0,%s", d, d, d, d)}
	case o.given["initial"] && o.delays == nil && o.backoff != "constant" && o.initial > o.maxDelay:
		return &conflict{"initial", "max-delay", fmt.Sprintf("--initial %s is longer than --max-delay, which is %s, and no delay is; change one of them", short(o.initial), short(o.maxDelay))}
	case limit != unlimited && o.consecutive > limit:
		return &conflict{"consecutive", limits, fmt.Sprintf("--consecutive %d can't be reached in %d attempts; raise --%s", o.consecutive, limit, limits)}
	case o.lastTry && o.within == 0:
		return &conflict{"last-try", "within", "--last-try uses the time of --within, and there is none; say --within TIME"}
	case o.follow && o.patterns[until] == nil:
		return &conflict{"follow", "until", "--follow ends an attempt when its output matches --until, which isn't given; say --until REGEXP"}
	case o.status && (o.budget == "" || len(o.command) > 0):
		return errors.New("--status says how a budget is, and runs nothing; say retry --budget NAME --status")
	case len(o.command) == 0 && o.probes == nil && !o.plan && !o.status:
		return errors.New("no command to run; say retry [flags] [--] command [args...], or see retry --help")
	}
	return nil
}
