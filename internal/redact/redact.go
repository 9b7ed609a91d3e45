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
//	dial tcp 127.0.0.1:5432: i/o timeout          dial tcp 127.0.0.1:5432: i/o timeout
//	open C:\x, /var/x?: is #42 up at 12:30?       open C:\x, /var/x?: is #42 up at 12:30?
//
// A password may hold any byte: spaces, quotes, slashes, question marks. So it reaches to the last @ of a URL, and a URL that isn't
// in double quotes, with quotes in it escaped as %q or JSON do, reaches to the end of the text, where only a well-known reason stays.
// Whoever puts several texts into one loses less by passing each through String first, before cutting it short.
//
// Not recognized are, without a scheme or // before them: a user's name without a password and with a space in it, one with the start
// of a URL in it, a query that begins as a sentence goes on behind its question mark, and a fragment that is a number or a word behind
// a space. Nor is a quote followed by a space or punctuation, not escaped, in the query of a URL in double quotes, nor user info
// whose @ is missing from the text if it looks like a host.
package redact

import "strings"

const removed = "…"

// String returns s without the user info, the query and the fragment of whatever looks like a URL in it.
// See the package's comment. It takes time linear in len(s), and returns s itself where there is nothing to remove.
func String(s string) string {
	t := text{s: s, start: -1}
	t.scan()
	if t.done == 0 {
		return s
	}
	t.out.WriteString(s[t.done:])
	if t.out.Cap() > 2*t.out.Len() { // keep no long text's memory for a short one
		return strings.Clone(t.out.String())
	}
	return t.out.String()
}

// A text is one on its way through String.
type text struct {
	s     string
	out   strings.Builder // what becomes of s[:done]
	done  int             // 0 as long as nothing is removed
	start int             // where the authority of the first URL begins; -1: there is none yet
	colon bool            // there is a colon before it
	glued bool            // there is one before it with something right behind, as in user:password
}

// scan goes through the text outside of URLs that stand in quotes. Whatever else it finds owns the rest of the text:
// only quotes can tell where a password, a query or a fragment with any byte in it ends.
func (t *text) scan() {
	s := t.s
	floor := 0        // where the text behind the last URL begins
	prev := byte(' ') // what the escape before s[floor] stood for
	sentence := 0     // the question marks before this aren't a query's
	for i := 0; i < len(s); {
		c, n, percent := s[i], 1, false
		if class[c]&special == 0 {
			i++
			continue
		}
		if c == '\\' || c == '%' {
			c, n, percent = char(s[i:])
		}
		begin, start := i, 0
		i += n
		switch c {
		case '@':
			// Nobody's host follows in a database's 'user'@'host', nor in what package net says of a socket: unix @->/run/x.
			if strings.HasPrefix(s[i:], "->") || strings.HasPrefix(s[i:], "'") && begin > 0 && s[begin-1] == '\'' {
				break
			}
			t.mail(begin, percent)
			return
		case '?':
			if n == 1 && i > sentence {
				sentence = begin + asked(s[begin:])
			}
			if n > 1 || i > sentence {
				t.query(begin, i, percent)
				return
			}
		case '#':
			if n > 1 || fragment(s, i) {
				t.query(begin, i, percent)
				return
			}
		case ':':
			m, p := slashes(s[i:])
			if m > 0 {
				for begin > floor && class[s[begin-1]]&scheme != 0 {
					begin--
				}
				start, percent = i+m, percent || p
			} else if t.start < 0 {
				t.colon = true
				t.glued = t.glued || i < len(s) && class[s[i]]&space == 0
			}
		case '/':
			m, p := slash(s[i:])
			if m == 0 {
				break
			}
			i += m
			if begin > floor {
				prev = s[begin-1]
			}
			if class[prev]&opener != 0 {
				start, percent = i, percent || p
			}
		}
		if start > 0 {
			if i = t.url(begin, start, percent); i < 0 {
				return
			}
			floor, prev = i, '"'
		} else if n > 1 {
			floor, prev = i, c
		}
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
		if from >= 0 {
			t.user(t.back(0), start+from, start+to)
		} else {
			t.rest(start, start, start+to)
		}
		return -1
	}
	t.cut(start, start+from)
	t.cut(start+to, stop)
	for _, echo := range echoes[:2] { // the scheme is to be seen in any case
		if strings.HasPrefix(t.s[next:], echo) {
			next += len(echo)
			t.rest(next, len(t.s), len(t.s))
			return -1
		}
	}
	return next
}

// echoes are what stands before a part of a URL that package net/url or net/http can't use, for it took user info for something else.
var echoes = []string{": invalid port ", ": invalid host: ", ": unsupported protocol scheme "}

// query removes the query or fragment behind s[begin:start] of a URL that is relative, or what isn't one.
func (t *text) query(begin, start int, escaped bool) {
	for i := start; i < len(t.s); {
		c, n, percent := t.s[i], 1, false
		if c == '\\' || c == '%' {
			c, n, percent = char(t.s[i:])
		}
		if c == '@' && (escaped || !percent) { // a password with a question mark
			t.rest(t.back(0), len(t.s), len(t.s))
			return
		}
		i += n
	}
	t.rest(begin, begin, start)
}

// mail removes the user info before the @ at s[i], of a URL without a scheme, of another data source's name, or of a mail address.
func (t *text) mail(i int, escaped bool) {
	from, to := visible(t.s[i:], false, escaped)
	word := 0
	if from == 0 && !t.colon { // a mail address, or a name without a password
		word = strings.LastIndexAny(t.s[:i], " \t\r\n") + 1
	}
	t.user(t.back(word), i+from, i+to)
}

// user removes the user info that begins at s[begin]. Of the rest, s[from:to] may be seen.
func (t *text) user(begin, from, to int) {
	for _, echo := range echoes {
		if at := strings.Index(t.s[from:to], echo); at >= 0 {
			to = from + at + len(echo)
		}
	}
	t.rest(begin, from, to)
}

// back is where user info begins that isn't known to be that of a URL in quotes: as far back as it may. That is at word if there
// is no URL before it.
func (t *text) back(word int) int {
	switch {
	case t.start < 0:
		return word
	case t.glued:
		return 0
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
		t.out.Reset()
		t.done = 0
	}
	if t.s[from:to] == removed {
		return
	}
	if t.done == 0 {
		t.out.Grow(len(t.s) - (to - from) + len(removed))
	}
	t.out.WriteString(t.s[t.done:from])
	t.out.WriteString(removed)
	t.done = to
}
