package retry

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/callagain/retry/internal/redact"
)

// Texts are cut here, so that an error stays readable in a log however long a server's answer was, and grows no faster than
// linearly where errors are nested.
const (
	longestText = 2 << 10 // of a failure
	longestLast = 512     // of the last failure, beside the first
)

// text returns the text of err on one line, without secrets, and of at most limit bytes. It stands a panic in err's own code.
func text(err error, limit int) string {
	return cut(oneLine(redact.String(strings.TrimRight(ownText(err), "\r\n"))), limit)
}

func ownText(err error) (s string) {
	defer func() {
		if v := recover(); v != nil {
			s = panicText(err, v)
		}
	}()
	return err.Error()
}

func panicText(err error, v any) string {
	defer func() { recover() }() // v's own code may panic as well; %T never does
	s := fmt.Sprintf("%T, whose Error method panicked", err)
	return s + fmt.Sprintf(": %v", v)
}

func oneLine(s string) string {
	if !strings.ContainsAny(s, "\r\n") {
		return s
	}
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}

func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit] + "…"
}

// brief returns d to two or three digits, without units that are 0: 2m, not 2m0s.
func brief(d time.Duration) string {
	s := round(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

// round drops the digits that nobody reads.
func round(d time.Duration) time.Duration {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second)
	case d >= 10*time.Second:
		return d.Round(100 * time.Millisecond)
	case d >= time.Second:
		return d.Round(10 * time.Millisecond)
	case d >= time.Millisecond:
		return d.Round(time.Millisecond)
	}
	return d.Round(time.Microsecond)
}
