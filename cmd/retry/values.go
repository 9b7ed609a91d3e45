package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/callagain/retry/cmd/retry/internal/proc"
)

// parseDuration reads "1.5" (seconds), "250ms", "1h30m", "2d" or "1d12h".
func parseDuration(s string) (time.Duration, error) {
	const max = float64(1<<63 - 1)
	days, rest, isDays := strings.Cut(s, "d")
	var d time.Duration
	var err error
	if !isDays {
		days, rest = "0", s
	}
	total, err := strconv.ParseFloat(days, 64)
	total *= float64(24 * time.Hour)
	if err == nil && (rest != "" || !isDays) {
		if seconds, serr := strconv.ParseFloat(rest, 64); serr == nil && !isDays {
			total += seconds * float64(time.Second)
		} else {
			d, err = time.ParseDuration(rest)
			total += float64(d)
		}
	}
	switch {
	case err != nil || !(total > -max && total < max): // which NaN isn't
		return 0, fmt.Errorf("%q is not a duration; write one as 10 (seconds), 250ms, 1.5s, 2m, 1h30m or 1d12h", s)
	case total < 0 || d < 0:
		return 0, fmt.Errorf("%q is negative; a duration can't be", s)
	}
	if total > 0 && total < 1 {
		total = 1 // not 0, which would be no limit at all
	}
	return time.Duration(total), nil
}

// parsePositive is parseDuration for what makes no sense at 0.
func parsePositive(s string) (time.Duration, error) {
	d, err := parseDuration(s)
	if err == nil && d == 0 {
		err = fmt.Errorf("%q leaves no time at all; for attempts without a delay say --delay 0", s)
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
		return unlimited, nil
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
func parseRegexp(s string) ([]*regexp.Regexp, error) {
	re, err := regexp.Compile("(?m:" + s + ")")
	if err != nil {
		if _, own := regexp.Compile(s); own != nil {
			err = own
		}
		return nil, fmt.Errorf("%q is not a regular expression: %s", s, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return []*regexp.Regexp{re}, nil
}

func parseText(s string) (string, error) { return s, nil }

func parseFile(s string) (string, error) {
	if s == "" {
		return "", fmt.Errorf("the name of the file is empty")
	}
	return s, nil
}

// parseCode reads an exit code.
func parseCode(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 8)
	if err != nil {
		return 0, fmt.Errorf("%q is not an exit code; use 0 to 255", s)
	}
	return int(n), nil
}

func parseSignal(s string) (syscall.Signal, error) {
	sig, ok := proc.Named(s)
	if !ok {
		return 0, fmt.Errorf("%q is not the name of a signal here; write one as INT or SIGINT", s)
	}
	return sig, nil
}
