package main

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// lines looks at each line of what is written to it: for the delay that it asks for, the group of an expression of --delay-from, of
// which the last one counts; and for a match of --until, where the run is to end at it. (A matcher would see that only when the
// next line comes.)
type lines struct {
	delays []*regexp.Regexp
	until  []*regexp.Regexp
	found  func()
	line   []byte // as far as it has come
	asked  string // of the group
}

// parseDelayFrom is parseRegexp for an expression with a group.
func parseDelayFrom(s string) ([]*regexp.Regexp, error) {
	all, err := parseRegexp(s)
	if err == nil && all[0].NumSubexp() != 1 {
		err = fmt.Errorf("%q has %s, and needs one, for the delay: 'try again in (\\d+)s'", s, many(all[0].NumSubexp(), "group"))
	}
	return all, err
}

func (l *lines) Write(p []byte) (int, error) {
	if l.delays == nil && l.until == nil {
		return len(p), nil
	}
	for part := range bytes.Lines(p) {
		l.line = append(l.line, part[:min(len(part), longestLine-len(l.line))]...)
		if part[len(part)-1] == '\n' {
			l.end()
		}
	}
	return len(p), nil
}

// end is called at the end of a line.
func (l *lines) end() {
	line := bytes.TrimRight(l.line, "\r\n")
	for _, re := range l.delays {
		if m := re.FindSubmatch(line); m != nil && m[1] != nil {
			l.asked = string(m[1])
		}
	}
	if slices.ContainsFunc(l.until, func(re *regexp.Regexp) bool { return re.Match(line) }) {
		l.found()
	}
	l.line = l.line[:0]
}

// delay is what was asked for; 0 if nothing was. It's called at the end of all.
func (l *lines) delay(now time.Time) (time.Duration, error) {
	if len(l.line) > 0 {
		l.end()
	}
	if l.asked == "" {
		return 0, nil
	}
	return parseHint(l.asked, now)
}
