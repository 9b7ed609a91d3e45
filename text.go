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
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "://")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		end := strings.IndexAny(rest, " \t\"'`<>\\")
		if end < 0 {
			end = len(rest)
		}
		b.WriteString("://" + public(rest[:end]))
		s = rest[end:]
	}
}

// public is what may be shown of a URL without its scheme.
func public(url string) string {
	url, query, cut := strings.Cut(url, "?")
	if cut {
		// The end of a sentence isn't part of the query.
		query = "?…" + query[len(strings.TrimRight(query, ".,:;!)]}")):]
	}
	host, path, _ := strings.Cut(url, "/")
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		return "…@" + url[i+1:] + query
	}
	// What stands where a port should, and is none, is a password with a slash or so in it.
	if _, port, ok := strings.Cut(host, ":"); ok && host[0] != '[' && strings.Trim(port, "0123456789.,:;!)]}") != "" {
		if i := strings.LastIndexByte(path, '@'); i >= 0 {
			return "…@" + path[i+1:] + query
		}
		return "…" + query
	}
	return url + query
}
