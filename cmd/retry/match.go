package main

import (
	"bufio"
	"io"
	"regexp"
	"slices"
)

// A pattern is one of the uses of the regular expressions that a run's output can match.
type pattern int

const (
	until pattern = iota
	retryStdout
	retryStderr
	stopStdout
	stopStderr
	patterns int = iota
)

// A matcher looks for one expression in what is written to it, without keeping it.
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

func (m *matcher) Write(p []byte) (int, error) {
	m.to.Write(p)
	return len(p), nil
}

// end reports whether all that was written had a match.
func (m *matcher) end() bool {
	m.to.Close()
	return <-m.found
}

// matchers makes a matcher for each expression of these patterns.
func (o *options) matchers(of ...pattern) (ms []*matcher) {
	for p, all := range o.patterns {
		for _, re := range all {
			if slices.Contains(of, pattern(p)) {
				ms = append(ms, newMatcher(pattern(p), re))
			}
		}
	}
	return ms
}
