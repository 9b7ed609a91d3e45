package peers

import (
	"io"
	"net/http"
	"time"
)

// An HTTPPlan is what an HTTP scenario asks of a library. What is zero is left at the library's default.
type HTTPPlan struct {
	Attempts int
	Delay    time.Duration // between two attempts
	Jitter   bool          // of the delay, in the way the library does it
	NoBudget bool          // without the budget that the library may have by default
}

// An HTTPLibrary is one that makes HTTP requests again.
type HTTPLibrary struct {
	Name   string
	Module string

	// Client returns a client that sends its requests through base.
	Client func(p HTTPPlan, base http.RoundTripper) *http.Client

	// DefaultLog gets url with the library's default settings, which log, with the log redirected to w. Nil for a library that
	// has no logger to redirect.
	DefaultLog func(w io.Writer, base http.RoundTripper, url string)
}

// AllHTTP returns every library for HTTP, ours first.
func AllHTTP() []HTTPLibrary {
	return []HTTPLibrary{callagainHTTP, retryableHTTP, failsafeHTTP, reHTTP}
}
