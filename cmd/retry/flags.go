package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A flag is one line of the table that the parser, the help and the completions share.
type flag struct {
	short byte
	long  string
	arg   string // what its value is called; "" if it has none
	words string // the values it can have, or some of them, for completion
	help  string
	set   func(o *options, value string) error
}

// A group of flags has a heading in the help.
type group struct {
	title string
	flags []flag
}

const (
	backoffs = "exponential linear constant fibonacci decorrelated"
	jitters  = "full equal none"
	outputs  = "stream last once"
	logs     = "text json"
	shells   = "bash zsh fish"
)

var groups = []group{
	{"When to try again", []flag{
		{'n', "attempts", "N", "unlimited", "attempts at most, or unlimited (10)", value(parseAttempts, func(o *options) *int { return &o.attempts })},
		{'i', "initial", "TIME", "", "the first delay (1s)", value(parseDuration, func(o *options) *time.Duration { return &o.initial })},
		{'m', "max-delay", "TIME", "", "no delay is longer (2m)", value(parsePositive, func(o *options) *time.Duration { return &o.maxDelay })},
		{'b', "backoff", "HOW", backoffs, "exponential, linear, constant, fibonacci\nor decorrelated (exponential)", word(backoffs, func(o *options) *string { return &o.backoff })},
		{'d', "delays", "LIST", "", "these delays, one before each attempt: 0,1s,5s", value(parseDelays, func(o *options) *[]time.Duration { return &o.delays })},
		{'j', "jitter", "HOW", jitters, "spread of a delay: full, equal or none (full)", word(jitters, func(o *options) *string { return &o.jitter })},
		{0, "seed", "N", "", "makes the jitter the same every time", value(parseSeed, func(o *options) **uint64 { return &o.seed })},
		{'t', "timeout", "TIME", "", "end an attempt that takes longer", value(parsePositive, func(o *options) *time.Duration { return &o.timeout })},
		{'w', "within", "TIME", "", "end it all then, in an attempt or in a delay", value(parsePositive, func(o *options) *time.Duration { return &o.within })},
		{'g', "grace", "TIME", "", "time between TERM and KILL (5s)", value(parseDuration, func(o *options) *time.Duration { return &o.grace })},
		{0, "reset-after", "TIME", "", "an attempt this long starts the delays afresh", value(parsePositive, func(o *options) *time.Duration { return &o.resetAfter })},
	}},
	{"Which failures", []flag{
		{'r', "retry-on", "LIST", "timeout signal", "only on: exit codes, timeout, signal: 1,70-79,signal", value(parseOutcomes, func(o *options) **outcomes { return &o.retryOn })},
		{'s', "stop-on", "LIST", "timeout signal", "never on these", value(parseOutcomes, func(o *options) **outcomes { return &o.stopOn })},
		{0, "retry-stdout", "REGEXP", "", "if stdout matches, even if the exit code is 0", value(parseRegexp, func(o *options) **regexp.Regexp { return &o.retryStdout })},
		{0, "retry-stderr", "REGEXP", "", "if stderr matches, even if the exit code is 0", value(parseRegexp, func(o *options) **regexp.Regexp { return &o.retryStderr })},
		{0, "stop-stdout", "REGEXP", "", "never if stdout matches", value(parseRegexp, func(o *options) **regexp.Regexp { return &o.stopStdout })},
		{0, "stop-stderr", "REGEXP", "", "never if stderr matches", value(parseRegexp, func(o *options) **regexp.Regexp { return &o.stopStderr })},
		{'u', "until", "REGEXP", "", "success is output that matches", value(parseRegexp, func(o *options) **regexp.Regexp { return &o.until })},
		{0, "until-fails", "", "", "success is a failure", on(func(o *options) *bool { return &o.untilFails })},
		{'c', "consecutive", "N", "", "success is N successes in a row", value(parseCount, func(o *options) *int { return &o.consecutive })},
	}},
	{"Output", []flag{
		{'o', "output", "MODE", outputs, "stream; last: the last attempt's only; once: stdout\nof the successful attempt only (stream)", word(outputs, func(o *options) *string { return &o.output })},
		{'q', "quiet", "", "", "say nothing but our own errors", on(func(o *options) *bool { return &o.quiet })},
		{'v', "verbose", "", "", "say more", on(func(o *options) *bool { return &o.verbose })},
		{'l', "log", "FORMAT", logs, "what we say on stderr: text or json (text)", word(logs, func(o *options) *string { return &o.log })},
		{0, "report", "FILE", "", "write all that happened there, as JSON", value(parseFile, func(o *options) *string { return &o.report })},
	}},
	{"Hooks and help", []flag{
		{0, "on-retry", "COMMAND", "", "run by the shell before each delay", value(parseText, func(o *options) *string { return &o.onRetry })},
		{0, "on-giveup", "COMMAND", "", "run by the shell when there was no success", value(parseText, func(o *options) *string { return &o.onGiveup })},
		{'p', "plan", "", "", "print the delays these flags mean; run nothing", on(func(o *options) *bool { return &o.plan })},
		{'h', "help", "", "", "print this; --man prints the manual", on(func(o *options) *bool { return &o.help })},
		{0, "man", "", "", "", on(func(o *options) *bool { return &o.showMan })},
		{0, "completion", "SHELL", shells, "print completions for bash, zsh or fish", word(shells, func(o *options) *string { return &o.completion })},
		{'V', "version", "", "", "print the version", on(func(o *options) *bool { return &o.version })},
	}},
}

// value makes the setter of a flag from what parses it and where it goes.
func value[T any](parse func(string) (T, error), field func(*options) *T) func(*options, string) error {
	return func(o *options, s string) error {
		v, err := parse(s)
		if err == nil {
			*field(o) = v
		}
		return err
	}
}

// word is value for one of some words.
func word(words string, field func(*options) *string) func(*options, string) error {
	return func(o *options, s string) (err error) {
		*field(o), err = oneOf(s, strings.Fields(words)...)
		return err
	}
}

func on(field func(*options) *bool) func(*options, string) error {
	return func(o *options, _ string) error { *field(o) = true; return nil }
}

func parseSeed(s string) (*uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%q is not a seed; use a number from 0", s)
	}
	return &n, nil
}

func parseText(s string) (string, error) { return s, nil }

func parseFile(s string) (string, error) {
	if s == "" {
		return "", fmt.Errorf("the name of the file is empty")
	}
	return s, nil
}
