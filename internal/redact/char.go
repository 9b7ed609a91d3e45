package redact

import "strings"

// char reads the first character of s, seen through the escapes of JSON, Go and URLs, in any depth and mixture: /, \/, \u002f,
// %2F, %252F and %5C%2F are all one slash. n is its length in s, and percent says that a URL's escape is a part of it.
// A backslash that escapes nothing of interest is returned together with its neighbors, so that no run of them is read twice.
func char(s string) (c byte, n int, percent bool) {
	if strings.HasPrefix(s, `\/`) {
		return '/', 2, false
	}
	c, m, percent := unit(s)
	slash := percent // whether the last backslash is escaped
	for c == '\\' {
		n += m
		slash = percent
		if n == len(s) {
			return c, n, percent
		}
		c, m, percent = unit(s[n:])
	}
	if n == 0 || c == '/' {
		return c, n + m, percent
	}
	percent = slash
	digits := 0
	if strings.HasPrefix(s[n:], "u00") {
		digits = n + 3
	} else if s[n] == 'x' {
		digits = n + 1
	}
	if c, ok := hex(s[digits:]); ok && digits > 0 {
		if c != '%' {
			return c, digits + 2, percent
		}
		c, m, _ = unit("%" + s[digits+2:min(len(s), digits+4)])
		return c, digits + 1 + m, true
	}
	return '\\', n, percent
}

// unit reads the first byte of s, or what a URL's escape at its start stands for.
func unit(s string) (c byte, n int, percent bool) {
	if s[0] != '%' {
		return s[0], 1, false
	}
	n = 1
	for strings.HasPrefix(s[n:], "25") {
		n += 2
	}
	if c, ok := hex(s[n:]); ok {
		return c, n + 2, true
	}
	return '%', n, true
}

// hex is the byte that the two hexadecimal digits at the start of s stand for.
func hex(s string) (c byte, ok bool) {
	if len(s) < 2 {
		return 0, false
	}
	for _, d := range []byte(s[:2]) {
		switch {
		case '0' <= d && d <= '9':
			d -= '0'
		case 'a' <= d|' ' && d|' ' <= 'f':
			d = d | ' ' - 'a' + 10
		default:
			return 0, false
		}
		c = c<<4 | d
	}
	return c, true
}

// class says what a byte may be a part of, or stand beside.
var class = func() (class [256]uint8) {
	mark := func(set string, as uint8) {
		for _, c := range []byte(set) {
			class[c] |= as
		}
	}
	mark("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", scheme|host)
	mark("+-.", scheme)
	mark("-._*", host)
	for c := 0x80; c < len(class); c++ {
		class[c] = host
	}
	mark(" \t\r\n\v\f", space|opener|end)
	mark("\"'`<>\\", quote|opener|end)
	mark(":;,.!?)]}", after)
	mark("([{=,;|", opener)
	mark("/?#)]}|", end)
	mark("@?#:/%\\", special)
	return class
}()

const (
	scheme uint8 = 1 << iota // of a URL's scheme
	host                     // of a host's name
	space
	quote   // a delimiter of texts, or the start of an escape
	after   // punctuation behind a closed quote or a word
	opener  // stands before a URL
	end     // ends an authority
	special // may be or begin one of the characters that String looks at
)
