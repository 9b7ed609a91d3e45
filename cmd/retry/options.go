package main

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/callagain/retry"
)

// options are all that can be set. The flags table says how.
type options struct {
	attempts   int // 0 if not given
	initial    time.Duration
	maxDelay   time.Duration
	backoff    string
	delays     []time.Duration
	jitter     string // "" if not given
	seed       *uint64
	timeout    time.Duration
	within     time.Duration
	grace      time.Duration
	resetAfter time.Duration

	retryOn, stopOn              *outcomes
	retryStdout, retryStderr     *regexp.Regexp
	stopStdout, stopStderr       *regexp.Regexp
	until                        *regexp.Regexp
	untilFails                   bool
	consecutive                  int
	output                       string
	quiet, verbose               bool
	log                          string
	report                       string
	onRetry, onGiveup            string
	plan, help, version, showMan bool
	completion                   string

	command []string
}

func defaults() options {
	return options{
		initial:     time.Second,
		maxDelay:    2 * time.Minute,
		backoff:     "exponential",
		grace:       5 * time.Second,
		consecutive: 1,
		output:      "stream",
		log:         "text",
	}
}

// check finds what makes no sense together.
func (o *options) check() error {
	switch {
	case o.until != nil && o.untilFails:
		return fmt.Errorf("--until and --until-fails are two different ends; use one of them")
	case o.quiet && o.verbose:
		return fmt.Errorf("-q and -v contradict each other; use one of them")
	case o.attempts > 0 && o.consecutive > o.attempts:
		return fmt.Errorf("--consecutive %d can't be reached in %d attempts; raise --attempts", o.consecutive, o.attempts)
	case len(o.command) == 0 && !o.plan:
		return fmt.Errorf("no command to run; say retry [flags] [--] command [args...], or see retry --help")
	}
	return nil
}

// parseDuration reads "1.5" (seconds), "250ms", "1h30m" or "2d".
func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		number, unit := s, time.Second
		if days, ok := strings.CutSuffix(s, "d"); ok {
			number, unit = days, 24*time.Hour
		}
		f, ferr := strconv.ParseFloat(number, 64)
		if ferr != nil || math.IsNaN(f) || math.Abs(f)*float64(unit) >= math.MaxInt64 {
			return 0, fmt.Errorf("%q is not a duration; write one as 10 (seconds), 250ms, 1.5s, 2m or 1h30m", s)
		}
		d = time.Duration(f * float64(unit))
	}
	if d < 0 {
		return 0, fmt.Errorf("%q is negative; a duration can't be", s)
	}
	return d, nil
}

// parsePositive is parseDuration for what makes no sense at 0.
func parsePositive(s string) (time.Duration, error) {
	d, err := parseDuration(s)
	if err == nil && d == 0 {
		err = fmt.Errorf("%q leaves no time at all; leave the flag out for no limit", s)
	}
	return d, err
}

func parseDelays(s string) ([]time.Duration, error) {
	var delays []time.Duration
	for part := range strings.SplitSeq(s, ",") {
		d, err := parseDuration(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		delays = append(delays, d)
	}
	return delays, nil
}

func parseAttempts(s string) (int, error) {
	if s == "unlimited" {
		return retry.Unlimited, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%q is not a number of attempts; use 1 or more, or unlimited", s)
	}
	return n, nil
}

func parseCount(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%q is not a number from 1", s)
	}
	return n, nil
}

// parseRegexp makes ^ and $ match at lines, as in grep.
func parseRegexp(s string) (*regexp.Regexp, error) {
	re, err := regexp.Compile("(?m:" + s + ")")
	if err != nil {
		if _, own := regexp.Compile(s); own != nil {
			err = own
		}
		return nil, fmt.Errorf("%q is not a regular expression: %s", s, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return re, nil
}

func oneOf(s string, words ...string) (string, error) {
	for _, w := range words {
		if s == w {
			return s, nil
		}
	}
	return "", fmt.Errorf("%q is not one of %s", s, strings.Join(words, ", "))
}
