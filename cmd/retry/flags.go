package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"syscall"
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
	outputs  = "stream last once prefix"
	logs     = "text json"
	shells   = "bash zsh fish"
	signals  = "TERM INT HUP QUIT USR1 USR2 KILL" // the usual ones
)

// What these are called is what can be given more than once: it adds up.
const (
	aList   = "LIST"
	aRegexp = "REGEXP"
	aPlace  = "HOST:PORT"
	aURL    = "URL"
	aPath   = "PATH"
)

// What a flag's command is called. It's never shown.
const aCommand = "COMMAND"

func (f *flag) addsUp() bool {
	return slices.Contains([]string{aList, aRegexp, aPlace, aURL, aPath}, f.arg)
}

var groups = []group{
	{"When to try again", []flag{
		{'n', "attempts", "N", "unlimited", "attempts at most, or unlimited (10)", value(parseAttempts, func(o *options) *int { return &o.attempts })},
		{'i', "initial", "TIME", "", "the first delay (1s)", value(parseDuration, func(o *options) *time.Duration { return &o.initial })},
		{'m', "max-delay", "TIME", "", "no delay is longer (2m)", value(parsePositive, func(o *options) *time.Duration { return &o.maxDelay })},
		{'b', "backoff", "HOW", backoffs, "exponential, linear, constant, fibonacci\nor decorrelated (exponential)", word(backoffs, func(o *options) *string { return &o.backoff })},
		{0, "delay", "TIME", "", "the same delay each time: -b constant -i TIME", setDelay},
		{'d', "delays", aList, "", "these delays, one before each attempt: 0,1s,5s", add(parseDelays, func(o *options) *[]time.Duration { return &o.delays })},
		{'j', "jitter", "HOW", jitters, "spread of a delay: full, equal or none (full)", word(jitters, func(o *options) *string { return &o.jitter })},
		{'t', "timeout", "TIME", "", "end an attempt that takes longer", value(parseDuration, func(o *options) *time.Duration { return &o.timeout })},
		{'w', "within", "TIME", "", "end it all then, in an attempt or in a delay", value(parseDuration, func(o *options) *time.Duration { return &o.within })},
		{0, "last-try", "", "", "use what --within leaves for a last attempt", on(func(o *options) *bool { return &o.lastTry })},
		{0, "kill-signal", "SIGNAL", signals, "ends an attempt, with KILL after the grace (TERM)", value(parseSignal, func(o *options) *syscall.Signal { return &o.killSignal })},
		{'g', "grace", "TIME", "", "time between TERM and KILL (5s)", value(parseDuration, func(o *options) *time.Duration { return &o.grace })},
		{0, "budget", "NAME", "", "no more retries than a budget allows that all\nprocesses share which name it", value(parseBudget, func(o *options) *string { return &o.budget })},
		{0, "delay-from", aRegexp, "", "a group that is the delay it asks for:\n'try again in (\\d+)s'", add(parseDelayFrom, func(o *options) *[]*regexp.Regexp { return &o.delayFrom })},
		{0, "reset-after", "TIME", "", "an attempt this long starts the delays afresh", value(parseDuration, func(o *options) *time.Duration { return &o.resetAfter })},
	}},
	{"Which failures", []flag{
		{'r', "retry-on", aList, "timeout signal", "only on: exit codes, timeout, signal: 1,70-79,KILL", func(o *options, s string) error { return parseOutcomes(&o.retryOn, s) }},
		{'s', "stop-on", aList, "timeout signal", "never on these", func(o *options, s string) error { return parseOutcomes(&o.stopOn, s) }},
		{0, "retry-stdout", aRegexp, "", "if stdout matches, even if the exit code is 0", match(retryStdout)},
		{0, "retry-stderr", aRegexp, "", "if stderr matches, even if the exit code is 0", match(retryStderr)},
		{0, "stop-stdout", aRegexp, "", "never if stdout matches", match(stopStdout)},
		{0, "stop-stderr", aRegexp, "", "never if stderr matches", match(stopStderr)},
		{0, "success-on", aList, "timeout signal", "success is one of these, as in --retry-on: 0,24", func(o *options, s string) error { return parseOutcomes(&o.successOn, s) }},
		{'u', "until", aRegexp, "", "success is output that matches", match(until)},
		{0, "follow", "", "", "end the attempt when its output matches --until", on(func(o *options) *bool { return &o.follow })},
		{0, "until-fails", "", "", "success is a failure", on(func(o *options) *bool { return &o.untilFails })},
		{'c', "consecutive", "N", "", "success is N successes in a row", value(parseCount, func(o *options) *int { return &o.consecutive })},
		{0, "exhausted-code", "N", "", "the exit code when no attempts are left", value(parseCode, func(o *options) *int { return &o.exhaustedCode })},
	}},
	{"Waiting for things; then the command is run once, if there is one", []flag{
		{0, "tcp", aPlace, "", "until it takes connections: db:5432", add(parseTCP, func(o *options) *[]probe { return &o.probes })},
		{0, "http", aURL, "", "until it answers with a status below 400", add(parseHTTP, func(o *options) *[]probe { return &o.probes })},
		{0, "file", aPath, "", "until it is there", add(parsePath, func(o *options) *[]probe { return &o.probes })},
	}},
	{"Input and output", []flag{
		{0, "no-stdin", "", "", "the command has no input; for \"while read\" loops", on(func(o *options) *bool { return &o.noStdin })},
		{'o', "output", "MODE", outputs, "stream; last: the last attempt's only; once: stdout\nof the successful one only; prefix: [2/5] at lines", word(outputs, func(o *options) *string { return &o.output })},
		{'q', "quiet", "", "", "say nothing but our own errors", on(func(o *options) *bool { return &o.quiet })},
		{'v', "verbose", "", "", "say more, with times", on(func(o *options) *bool { return &o.verbose })},
		{'l', "log", "FORMAT", logs, "what we say on stderr: text or json (text)", word(logs, func(o *options) *string { return &o.log })},
		{0, "log-file", "FILE", "", "say it there, at its end, and not on stderr", value(parseFile, func(o *options) *string { return &o.logFile })},
		{0, "report", "FILE", "", "write all that happened there, as JSON", value(parseFile, func(o *options) *string { return &o.report })},
	}},
	{"Hooks and help", []flag{
		{0, "on-retry", aCommand, "", "run by the shell before each delay; exit 99 stops", value(parseText, func(o *options) *string { return &o.onRetry })},
		{0, "on-giveup", aCommand, "", "run by the shell when there was no success", value(parseText, func(o *options) *string { return &o.onGiveup })},
		{'p', "plan", "", "", "print the delays these flags mean; run nothing", on(func(o *options) *bool { return &o.plan })},
		{0, "status", "", "", "print how the budget of --budget is; run nothing", on(func(o *options) *bool { return &o.status })},
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

// add is value for a list.
func add[T any](parse func(string) ([]T, error), field func(*options) *[]T) func(*options, string) error {
	return func(o *options, s string) error {
		v, err := parse(s)
		*field(o) = append(*field(o), v...)
		return err
	}
}

// match is value for a pattern.
func match(p pattern) func(*options, string) error {
	return add(parseRegexp, func(o *options) *[]*regexp.Regexp { return &o.patterns[p] })
}

// word is value for one of some words.
func word(words string, field func(*options) *string) func(*options, string) error {
	return value(func(s string) (string, error) {
		if all := strings.Fields(words); !slices.Contains(all, s) {
			return "", fmt.Errorf("%q is not one of %s", s, strings.Join(all, ", "))
		}
		return s, nil
	}, field)
}

func on(field func(*options) *bool) func(*options, string) error {
	return func(o *options, _ string) error { *field(o) = true; return nil }
}

func setDelay(o *options, s string) (err error) {
	o.backoff = "constant"
	o.initial, err = parseDuration(s)
	return err
}
