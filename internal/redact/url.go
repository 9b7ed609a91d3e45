package redact

import "strings"

// visible says which part of a URL behind its "//" may be seen: url[from:to]. from is that of the @ behind user info, -1 if there is
// none, and len(url) if nothing may be seen. authority says that the URL begins with one, escaped that it is percent-escaped as a whole.
func visible(url string, authority, escaped bool) (from, to int) {
	at, stop := -1, -1 // the last @, and the end of the first ? or # behind it, in any escape
	inner := -1        // where a URL in the path begins that may have user info
	query := false     // there was a ? or # without escape: what is escaped behind it is the query's
	doubt := authority && !plausible(url)
	for i := 0; i < len(url); {
		c, n, percent := url[i], 1, false
		if class[c]&special == 0 {
			i++
			continue
		}
		if c == '\\' || c == '%' {
			c, n, percent = char(url[i:])
		}
		bare := escaped || !percent
		i += n
		switch c {
		case '@':
			if query && !bare {
				break
			}
			if stop >= 0 { // a password with a question mark, or a query with an @
				return len(url), len(url)
			}
			at, inner, doubt = i-n, -1, false
		case '?', '#':
			if stop < 0 {
				stop = i
			}
			query = query || bare
		case '/':
			if stop >= 0 || inner >= 0 {
				break
			}
			if m, _ := slash(url[i:]); m > 0 && !plausible(url[i+m:]) {
				inner = i + m
			}
		}
	}
	switch {
	case doubt:
		return len(url), len(url)
	case inner >= 0:
		stop = inner
	case stop < 0:
		stop = len(url)
	}
	return at, stop
}

// plausible reports whether a URL's authority is a list of hosts, each with a port at most. Whatever else it is may be user info
// whose @ is missing, since the text was cut short or is escaped in some other way.
func plausible(url string) bool {
	port := false
	for i := 0; i < len(url); {
		c, n := url[i], 1
		if class[c]&host != 0 && !port {
			i++
			continue
		}
		if c == '\\' || c == '%' {
			c, n, _ = char(url[i:])
		}
		i += n
		switch {
		case c == ':':
			port = true
		case c == ',':
			port = false
		case class[c]&end != 0:
			return true
		case port:
			if (c < '0' || c > '9') && class[c]&after == 0 {
				return false
			}
		case c == '[':
			for i < len(url) && url[i] != ']' {
				c, n, _ := char(url[i:])
				if class[c]&host == 0 && c != ':' && c != '%' {
					return false
				}
				i += n
			}
			i++
		case c == ';':
			if i < len(url) && class[url[i]]&(space|quote) == 0 {
				return false
			}
		case class[c]&(host|after) == 0:
			return false
		}
	}
	return true
}

// closing finds the quote that closes the one before s[begin], if there is one, for a URL that goes on at s[start].
// stop is where the URL ends and next where the text goes on. Without such a quote, stop is the end of s and next is -1.
func closing(s string, begin, start int) (stop, next int) {
	if begin == 0 || s[begin-1] != '"' {
		return len(s), -1
	}
	depth := 0 // backslashes before the quote: 0, then 1 for quotes in quotes, then 3, 7 …
	for begin-2-depth >= 0 && s[begin-2-depth] == '\\' {
		depth++
	}
	backslashes := 0
	for i := start; i < len(s); i++ {
		switch s[i] {
		case '\\':
			backslashes++
			continue
		case '"':
			// Each deeper quote, and each backslash, doubles the backslashes. A shallower quote ends this one as well.
			if backslashes < depth || backslashes%(2*depth+2) == depth {
				if rest := s[i+1:]; rest == "" || class[rest[0]]&(space|quote|after) != 0 {
					return i - min(backslashes, depth), i + 1
				}
			}
		}
		backslashes = 0
	}
	return len(s), -1
}

// slash is the length of the slash at the start of s, if there is one.
func slash(s string) (n int, percent bool) {
	if s == "" || class[s[0]]&special == 0 {
		return 0, false
	}
	if s[0] == '/' {
		return 1, false
	}
	c, n, percent := char(s)
	if c != '/' {
		return 0, false
	}
	return n, percent
}

// slashes is the length of two of them.
func slashes(s string) (n int, percent bool) {
	n, percent = slash(s)
	if n == 0 {
		return 0, false
	}
	m, p := slash(s[n:])
	if m == 0 {
		return 0, false
	}
	return n + m, percent || p
}

// asked is the length of the punctuation that a sentence's question mark at the start of s belongs to; 0 if it starts a query.
func asked(s string) int {
	for i, c := range []byte(s) {
		switch {
		case class[c]&(space|quote) != 0:
			if c == '\\' && i+1 < len(s) && (s[i+1] == 'u' || s[i+1] == 'x') {
				return 0
			}
			return i
		case class[c]&after == 0:
			return 0
		}
	}
	return len(s)
}

// fragment reports whether the # before s[i] starts a URL's fragment. #42, "C#" and " #topic" don't, " #token=" does.
func fragment(s string, i int) bool {
	word := i
	for i < len(s) && '0' <= s[i] && s[i] <= '9' {
		i++
	}
	if i == len(s) || class[s[i]]&(space|quote|after) != 0 {
		return false
	}
	if word > 1 && class[s[word-2]]&opener == 0 && s[word-2] != '#' {
		return true
	}
	for i < len(s) && class[s[i]]&host != 0 {
		i++
	}
	return i < len(s) && s[i] == '='
}

// reason is the length of a well-known error's text at the end of s, which stays though nobody can tell what stands before it.
func reason(s string) int {
	for _, known := range reasons {
		if strings.HasSuffix(s, known) {
			return len(known)
		}
	}
	return 0
}

// None is the end of another one.
var reasons = []string{
	": EOF", ": unexpected EOF",
	": connection refused", ": connection reset by peer", ": broken pipe", ": no such host", ": no route to host", ": network is unreachable",
	": context canceled", ": context deadline exceeded", ": i/o timeout", ": TLS handshake timeout", ": timeout", ": operation timed out",
	": 429 Too Many Requests", ": 500 Internal Server Error", ": 502 Bad Gateway", ": 503 Service Unavailable", ": 504 Gateway Timeout",
}
