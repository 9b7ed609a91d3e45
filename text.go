package retry

import "strings"

// text is err's own text on one line, without the user info and the query of any URL
// in it: those carry keys and passwords, and an error ends up in logs.
func text(err error) string {
	s := err.Error()
	if strings.ContainsAny(s, "\r\n") {
		lines := strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' })
		s = strings.Join(lines, "; ")
	}
	return redact(s)
}

// redact cuts "user:password@" and "?query" out of everything in s that looks like a URL.
func redact(s string) string {
	at := strings.Index(s, "://")
	if at < 0 {
		return s
	}
	var b strings.Builder
	for ; at >= 0; at = strings.Index(s, "://") {
		b.WriteString(s[:at+3])
		s = s[at+3:]
		end := strings.IndexAny(s, " \t\"'`<>\\")
		if end < 0 {
			end = len(s)
		}
		url := s[:end]
		s = s[end:]
		url, query, cut := strings.Cut(url, "?")
		if cut {
			// The end of a sentence isn't part of the query.
			url += "?…" + trailing(query)
		}
		host, path := url, ""
		if i := strings.IndexByte(url, '/'); i >= 0 {
			host, path = url[:i], url[i:]
		}
		if i := strings.LastIndexByte(host, '@'); i >= 0 {
			host = "…@" + host[i+1:]
		}
		b.WriteString(host + path)
	}
	b.WriteString(s)
	return b.String()
}

// trailing is the punctuation that ends s.
func trailing(s string) string {
	return s[len(strings.TrimRight(s, ".,:;!)]}")):]
}
