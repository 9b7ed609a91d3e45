// Package redact removes what may be secret from a text that is going out to a log or into an error: the user info, the query
// and the fragment of whatever looks like a URL, in whatever spelling. Scheme, host and path stay readable; in doubt more is removed.
//
//	Get "https://u:p@host/path?k=v#f": EOF        Get "https://…@host/path?…": EOF
//	{"next":"https:\/\/u:p@host\/x?k=v","n":1}    {"next":"https:\/\/…@host\/x?…","n":1}
//	https%3A%2F%2Fu%3Ap%40host%2Fx%3Fk%3Dv        https%3A%2F%2F…%40host%2Fx%3F…
//	dial nats://u:p@a:4222,nats://u:p@b:4222      dial nats://…@b:4222
//	GET https://host/x?k=v: connection refused    GET https://host/x?…: connection refused
//	GET https://host/x?k=v failed                 GET https://host/x?…
//	connect user:pa ss@tcp(host:3306)/db?k=v      …@tcp(host:3306)/db?…
//	to /login?next=x                              to /login?…
//	no mailbox bob@host                           no mailbox …@host
//	dial tcp 127.0.0.1:5432: i/o timeout          the same, like all texts without a URL, an @ or a query
//
// A password may hold any byte: spaces, quotes, slashes, question marks. So it reaches to the last @ of a URL, and a URL that isn't
// in double quotes, with quotes in it escaped as %q or JSON do, reaches to the end of the text, where only a well-known reason stays.
// Whoever puts several texts into one loses less by passing each through String first.
package redact

import "strings"

const removed = "…"

// String returns s without the user info, the query and the fragment of whatever looks like a URL in it.
// See the package's comment. It takes time linear in len(s), and returns s itself where there is nothing to remove.
func String(s string) string {
	t := text{s: s, start: -1}
	t.scan()
	if t.out == nil {
		return s
	}
	return string(append(t.out, s[t.done:]...))
}

// A text is one on its way through String.
type text struct {
	s     string
	out   []byte // what becomes of s[:done]; nil as long as nothing is removed
	done  int
	start int  // where the authority of the first URL begins; -1: there is none yet
	colon bool // there is a colon before it
	glued bool // there is one before it with something right behind, as in user:password
}

// scan goes through the text outside of URLs that stand in quotes. Whatever else it finds owns the rest of the text:
// only quotes can tell where a password, a query or a fragment with any byte in it ends.
func (t *text) scan() {
	var (
		s        = t.s
		prev     = byte(' ')
		run      int // where the last word of a scheme's characters begins
		name     int // where the one before the last colon begins
		word     int // where the last word begins
		sentence int // the question marks before this aren't a query's
	)
	for i := 0; i < len(s); {
		c, n, percent := s[i], 1, false
		if c == '\\' || c == '%' {
			c, n, percent = char(s[i:])
		}
		switch {
		case class[c]&scheme != 0:
			if class[prev]&scheme == 0 {
				run = i
			}
		case class[c]&space != 0:
			word = i + n
		case c == ':':
			name = i
			if class[prev]&scheme != 0 {
				name = run
			}
		case c == '/':
			m, p := slash(s[i+n:])
			if m == 0 || prev != ':' && class[prev]&opener == 0 {
				break
			}
			begin := i
			if prev == ':' {
				begin = name
			}
			if i = t.url(begin, i+n+m, percent || p); i < 0 {
				return
			}
			prev, word = '"', i
			continue
		case c == '?':
			if n == 1 && i >= sentence {
				sentence = i + asked(s[i:])
			}
			if n > 1 || i >= sentence {
				t.query(i, i+n, word, percent)
				return
			}
		case c == '#':
			if n > 1 || fragment(s[i+1:], prev) {
				t.query(i, i+n, word, percent)
				return
			}
		case c == '@':
			t.user(i, word, percent)
			return
		}
		if t.start < 0 {
			t.colon = t.colon || c == ':'
			t.glued = t.glued || prev == ':' && class[c]&space == 0
		}
		prev = c
		i += n
	}
}

// url removes what must not be seen of the URL that begins at s[begin], with its authority at s[start].
// It returns where the text goes on behind the URL, or -1 if that can't be told.
func (t *text) url(begin, start int, escaped bool) int {
	if t.start < 0 {
		t.start = start
	}
	stop, next := closing(t.s, begin, start)
	from, to := visible(t.s[start:stop], true, escaped)
	if next < 0 {
		if from > 0 {
			t.rest(t.back(0), start+from, start+to)
		} else {
			t.rest(start, start, start+to)
		}
		return -1
	}
	t.cut(start, start+from)
	t.cut(start+to, stop)
	// package net/url quotes a password that it took for a port once more.
	const port = `: invalid port `
	if strings.HasPrefix(t.s[next:], port) {
		quoted := next + len(port) + next - stop
		if quoted > len(t.s) {
			return next
		}
		stop, next = closing(t.s, quoted, quoted)
		t.cut(quoted, stop)
	}
	return next
}

// query removes the query or fragment behind s[begin:start] of a URL that is relative, or what isn't one.
func (t *text) query(begin, start, word int, escaped bool) {
	for i := start; i < len(t.s); {
		c, n, percent := char(t.s[i:])
		if c == '@' && (escaped || !percent) { // a password with a question mark
			t.rest(t.back(word), len(t.s), len(t.s))
			return
		}
		i += n
	}
	t.rest(begin, begin, start)
}

// user removes the user info before the @ at s[i], of a URL without a scheme, of another data source's name, or of a mail address.
func (t *text) user(i, word int, escaped bool) {
	from, to := visible(t.s[i:], false, escaped)
	from, to = i+from, i+to
	// package net/http takes the user's name for a scheme.
	const scheme = `protocol scheme "`
	if at := strings.Index(t.s[from:to], scheme); at >= 0 {
		to = from + at + len(scheme)
	}
	t.rest(t.back(word), from, to)
}

// back is where user info begins that was found behind the first URL, or outside of any: as far back as it may.
func (t *text) back(word int) int {
	switch {
	case t.glued, t.colon && t.start < 0:
		return 0
	case t.start < 0:
		return word
	}
	return t.start
}

// rest ends the text: of what is behind s[begin:] only s[from:to] stays, and a reason at the end that is no secret.
func (t *text) rest(begin, from, to int) {
	if from == len(t.s) {
		from -= reason(t.s[begin:])
	}
	t.cut(begin, from)
	t.cut(to, len(t.s)-reason(t.s[to:]))
}

// cut removes s[from:to].
func (t *text) cut(from, to int) {
	if from >= to {
		return
	}
	if from < t.done { // user info that reaches back before the first URL, up to where nothing was removed
		t.out, t.done = t.out[:from], from
	}
	if t.s[from:to] == removed {
		return
	}
	t.out = append(append(t.out, t.s[t.done:from]...), removed...)
	t.done = to
}
