package retrydebug

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/callagain/retry"
)

// maxText is the length of a failure's text.
const maxText = 512

// visible returns s on one line of at most limit bytes, with all that has no picture of its own written as an escape: what changes the
// colors of a terminal or the direction of a line does nothing. What is visible stays as it is.
func visible(s string, limit int) string {
	plain := len(s) <= limit
	for i := 0; plain && i < len(s); i++ {
		plain = ' ' <= s[i] && s[i] <= '~'
	}
	if plain {
		return strings.Clone(s) // not the long text that it may be a piece of
	}
	var out []byte
	for i := 0; i < len(s) && len(out) <= limit; {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			out = fmt.Appendf(out, `\x%02x`, s[i])
		case r == '\n' || r == '\t' || r == '\r':
			out = append(out, ' ')
		case unicode.IsPrint(r):
			out = append(out, s[i:i+n]...)
		case r < 0x100:
			out = fmt.Appendf(out, `\x%02x`, r)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		i += n
	}
	if len(out) > limit {
		const more = "…"
		end := limit - len(more)
		for end > 0 && !utf8.RuneStart(out[end]) {
			end--
		}
		out = append(out[:end], more...)
	}
	return string(out)
}

// text returns the text of err as logs have it, without the secrets of URLs, and visible. It stands a panic in err's code.
func text(err error) string {
	if err == nil {
		return ""
	}
	for _, a := range (retry.Event{Err: err}).LogValue().Group() {
		if a.Key == "err" {
			return visible(a.Value.String(), maxText)
		}
	}
	return ""
}
