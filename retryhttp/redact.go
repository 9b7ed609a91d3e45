package retryhttp

import (
	"net/url"

	"github.com/callagain/retry/internal/redact"
)

// redacted is an error whose text has nothing secret of a URL in it.
type redacted struct{ error }

func (e redacted) Error() string { return redact.String(e.error.Error()) }
func (e redacted) Unwrap() error { return e.error }

// Timeout and Temporary are what a url.Error asks of the error in it.
func (e redacted) Timeout() bool {
	t, ok := e.error.(interface{ Timeout() bool })
	return ok && t.Timeout()
}

func (e redacted) Temporary() bool {
	t, ok := e.error.(interface{ Temporary() bool })
	return ok && t.Temporary()
}

// clean takes what may be secret out of the URL in a client's error, and out of its text.
func clean(err error) error {
	if e, ok := err.(*url.Error); ok {
		return &url.Error{Op: e.Op, URL: redact.String(e.URL), Err: redacted{e.Err}}
	}
	return redacted{err}
}
