package main

import (
	"errors"
	"fmt"
	"strings"
)

// parseAll reads the flags in RETRY_OPTS and then those in args, which win.
func parseAll(opts string, args []string) (options, error) {
	o := defaults()
	words, err := split(opts)
	if err == nil {
		words, err = parse(&o, words)
	}
	if err == nil && len(words) > 0 {
		err = fmt.Errorf("%q is not a flag; only flags can be set there", words[0])
	}
	if err != nil {
		return o, fmt.Errorf("RETRY_OPTS: %w", err)
	}
	o.command, err = parse(&o, args)
	return o, err
}

// split cuts s into words as a shell would: at white space, with quotes '…' and "…", and \ before a
// character that means itself. Nothing else is special, so nothing is expanded.
func split(s string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord := false
	var quote rune
	escaped := false
	for _, r := range s {
		switch {
		case escaped:
			if quote == '"' && r != '"' && r != '\\' {
				word.WriteByte('\\')
			}
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, inWord = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, inWord = r, true
		case r == ' ' || r == '\t' || r == '\n' || r == '\r':
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a quotation that starts with %c doesn't end", quote)
	}
	if escaped {
		return nil, errors.New("there is nothing after the last backslash")
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}
