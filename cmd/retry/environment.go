package main

import (
	"errors"
	"fmt"
	"slices"
)

// parseAll reads the flags in args, and then those in RETRY_OPTS that these leave standing.
func parseAll(opts string, args []string) (options, error) {
	given, command, err := parse(args)
	if err != nil {
		return options{}, err
	}
	o, err := apply(given)
	if err != nil {
		return o, err
	}
	if !o.show() {
		words, err := split(opts)
		var before []setting
		rest := words
		if err == nil {
			before, rest, err = parse(words)
		}
		if err == nil && len(rest) > 0 {
			err = fmt.Errorf("word %d is not a flag; only flags can be set there, and values with blanks need quotes", len(words)-len(rest)+1)
		}
		if err == nil {
			_, err = apply(before)
		}
		if err != nil {
			return o, fmt.Errorf("RETRY_OPTS: %w", err)
		}
		o, err = combine(before, given, command)
		if err != nil {
			return o, err
		}
	}
	o.command = command
	if o.probes != nil && !o.given["timeout"] {
		o.timeout = probeTimeout
	}
	return o, nil
}

// combine puts the flags on the command line in the place of those in RETRY_OPTS that they contradict, or leave without effect.
func combine(before, given []setting, command []string) (options, error) {
	settled := map[string]bool{} // by the command line, be it to have no effect
	settle := func(long string) {
		settled[long] = true
		before = slices.DeleteFunc(before, func(s setting) bool { return s.long == long })
	}
	has := func(long string) bool {
		return slices.ContainsFunc(before, func(s setting) bool { return s.long == long && !s.off })
	}
	for _, s := range given {
		settle(s.long)
	}
	for {
		o, err := apply(append(slices.Clip(before), given...))
		if err != nil {
			return o, err
		}
		o.command = command
		err = o.check()
		var c *conflict
		switch {
		case !errors.As(err, &c):
			return o, err
		case settled[c.a] && has(c.b):
			settle(c.b)
		case settled[c.b] && has(c.a):
			settle(c.a)
		case has(c.a) || has(c.b):
			return o, fmt.Errorf("RETRY_OPTS: %w", err)
		default:
			return o, err
		}
	}
}

func apply(settings []setting) (options, error) {
	o := defaults()
	for _, s := range settings {
		if s.off {
			continue
		}
		if err := s.set(&o, s.value); err != nil {
			return o, fmt.Errorf("%s: %w", s.as, err)
		}
		o.given[s.long] = true
	}
	return o, nil
}

// split cuts s into words as a shell would: at white space, with quotes '…' and "…", and \ before a
// character that means itself. Nothing else is special, so nothing is expanded.
func split(s string) ([]string, error) {
	var words []string
	var word []byte // nil between two words
	var quote byte
	escaped := false
	for _, b := range []byte(s) {
		switch {
		case escaped:
			if quote == '"' && b != '"' && b != '\\' {
				word = append(word, '\\')
			}
			word = append(word, b)
			escaped = false
		case b == '\\' && quote != '\'':
			escaped, word = true, append([]byte{}, word...)
		case quote != 0 && b == quote:
			quote = 0
		case quote != 0:
			word = append(word, b)
		case b == '\'' || b == '"':
			quote, word = b, append([]byte{}, word...)
		case b == ' ' || b == '\t' || b == '\n' || b == '\r':
			if word != nil {
				words, word = append(words, string(word)), nil
			}
		default:
			word = append(word, b)
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a quotation that starts with %c doesn't end", quote)
	}
	if escaped {
		return nil, errors.New("there is nothing after the last backslash")
	}
	if word != nil {
		words = append(words, string(word))
	}
	return words, nil
}
