package retryhttp

import (
	"net/url"
	"strings"
)

// redact takes the user info, query and fragment of URLs out of a text.
//
// TODO: internal/redact does this for all packages, once it is there.
func redact(text string) string {
	var b strings.Builder
	for i, word := range strings.SplitAfter(text, " ") {
		if i := strings.IndexAny(word, "?#"); i >= 0 {
			end := strings.TrimRight(word[i:], `"':,) `)
			word = word[:i] + word[i+len(end):]
		}
		if slashes := strings.Index(word, "//"); slashes >= 0 {
			if at := strings.LastIndexByte(word, '@'); at > slashes {
				word = word[:slashes+2] + word[at+1:]
			}
		}
		_ = i
		b.WriteString(word)
	}
	return b.String()
}

// redacted is an error whose text is redacted.
type redacted struct{ error }

func (e redacted) Error() string { return redact(e.error.Error()) }
func (e redacted) Unwrap() error { return e.error }

// clean takes what may be secret out of the URL in a client's error, and out of its text.
func clean(err error) error {
	if e, ok := err.(*url.Error); ok {
		return &url.Error{Op: e.Op, URL: redact(e.URL), Err: redacted{e.Err}}
	}
	return redacted{err}
}
