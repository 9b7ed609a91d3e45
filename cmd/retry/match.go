package main

import (
	"bufio"
	"io"
	"regexp"
)

// A pattern is one of the regular expressions that a run's output can match.
type pattern int

const (
	until pattern = iota
	retryStdout
	retryStderr
	stopStdout
	stopStderr
	patterns int = iota
)

// A matcher looks for a pattern in what is written to it, without keeping it.
type matcher struct {
	pattern pattern
	to      *io.PipeWriter
	found   chan bool
}

func newMatcher(p pattern, re *regexp.Regexp) *matcher {
	from, to := io.Pipe()
	m := &matcher{p, to, make(chan bool, 1)}
	go func() {
		m.found <- re.MatchReader(bufio.NewReader(from))
		from.Close() // so that further writes cost nothing
	}()
	return m
}

func (m *matcher) write(p []byte) { m.to.Write(p) }

// end reports whether all that was written had a match.
func (m *matcher) end() bool {
	m.to.Close()
	return <-m.found
}

// matchers makes a matcher for each pattern that was asked for.
func matchers(wanted [patterns]*regexp.Regexp) []*matcher {
	var ms []*matcher
	for p, re := range wanted {
		if re != nil {
			ms = append(ms, newMatcher(pattern(p), re))
		}
	}
	return ms
}
