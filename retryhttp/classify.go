package retryhttp

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// A Class says what a failed request may have done, as far as its error proves.
type Class int

const (
	// NeverSent: no server has seen the request, or it said that it won't act on it. Any
	// request may be sent again.
	NeverSent Class = iota + 1
	// MaybeApplied: the request may have been acted upon, in part or in whole. What isn't
	// idempotent must not be sent again.
	MaybeApplied
	// Permanent: the same request would fail in the same way again.
	Permanent
)

// String returns "never sent", "maybe applied" or "permanent", and "none" for the Class of nil.
func (c Class) String() string {
	switch c {
	case NeverSent:
		return "never sent"
	case MaybeApplied:
		return "maybe applied"
	case Permanent:
		return "permanent"
	}
	return "none"
}

// Classify returns the Class of an error from [http.Client.Do], from an [http.RoundTripper] or
// from reading a response's body, through any wrapping; 0 if err is nil. What it doesn't know
// is MaybeApplied. It says nothing of whose cancellation an error comes from: ask the contexts.
//
// A [*StatusError] is Permanent unless its status is one that [Transient] tries again after.
//
// Where errors are joined, one that is Permanent makes the whole so, and the whole is NeverSent
// only if all of them are.
func Classify(err error) Class {
	if err == nil {
		return 0
	}
	own, within := classifyOne(err), classifyWrapped(err)
	switch {
	case own == 0 && within == 0:
		return MaybeApplied
	case own == 0 || within == Permanent: // a dial, say, but to an address that makes no sense
		return within
	}
	return own
}

// classifyWrapped returns the Class of what err wraps, 0 if that is nothing.
func classifyWrapped(err error) Class {
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return Classify(e.Unwrap())
	case interface{ Unwrap() []error }:
		var all Class
		for _, err := range e.Unwrap() {
			all = max(all, Classify(err))
		}
		return all
	}
	return 0
}

// classifyOne judges err itself, whatever it wraps.
func classifyOne(err error) Class {
	switch e := err.(type) {
	case *StatusError:
		if transientStatus(e.StatusCode) {
			return MaybeApplied
		}
		return Permanent

	case *tls.CertificateVerificationError, tls.RecordHeaderError,
		x509.UnknownAuthorityError, x509.HostnameError, x509.CertificateInvalidError,
		x509.ConstraintViolationError, x509.InsecureAlgorithmError, x509.SystemRootsError,
		x509.UnhandledCriticalExtension:
		return Permanent

	case url.EscapeError, url.InvalidHostError, *net.AddrError, net.InvalidAddrError,
		*net.ParseError, net.UnknownNetworkError:
		return Permanent

	case *url.Error:
		if e.Op == "parse" {
			return Permanent
		}

	case *net.DNSError:
		// A name that isn't found is tried again, too: it costs little, and names of services
		// come and go while a cluster is being deployed.
		return NeverSent

	case *net.OpError:
		switch e.Op {
		case "dial", "proxyconnect", "socks connect":
			return NeverSent
		case "remote error":
			// A TLS alert: the peer won't have this client or its request, ever. An internal
			// error is its own, though: Go servers say so when they can't get at a certificate.
			if e.Err != nil && e.Err.Error() != tlsInternalError {
				return Permanent
			}
		}
	}
	if err == http.ErrSchemeMismatch {
		return Permanent
	}
	return classifyText(err.Error())
}

var tlsInternalError = tls.AlertError(80).Error() // RFC 8446, section 6.2

// classifyText knows the errors for which net/http has no type and no variable. Each of these
// texts is provoked in the tests, from a real client, so that one which changes is noticed; but
// for the last three, which take a race to be seen.
func classifyText(text string) Class {
	for _, t := range permanentTexts {
		if strings.HasPrefix(text, t) {
			return Permanent
		}
	}
	for _, t := range neverSentTexts {
		if strings.HasPrefix(text, t) {
			return NeverSent
		}
	}
	if line, ok := strings.CutPrefix(text, "malformed HTTP response "); ok && !cutOff(line, "HTTP/") {
		return Permanent
	}
	if code, ok := strings.CutPrefix(text, "malformed HTTP status code "); ok && !cutOff(code, "") {
		return Permanent
	}
	// golang.org/x/net/http2 and the copy in net/http have types of their own, but one text.
	if strings.HasPrefix(text, "stream error: stream ID ") && strings.Contains(text, "; REFUSED_STREAM") {
		return NeverSent
	}
	return 0
}

// cutOff reports whether a quoted piece of an answer may be what came before the connection
// broke, as opposed to another protocol: whether it begins as it should, or is the beginning of
// a number.
func cutOff(quoted, begin string) bool {
	s := strings.Trim(quoted, `"`)
	if begin != "" {
		n := min(len(s), len(begin))
		return s[:n] == begin[:n]
	}
	_, number := digits(s)
	return s == "" || number && len(s) < 3
}

var permanentTexts = []string{
	"unsupported protocol scheme",
	"stopped after 10 redirects",
	"failed to parse Location header",
	"malformed HTTP version",
	"net/http: invalid header",
	"net/http: invalid trailer",
	"net/http: invalid method",
	"net/http: can't write control character in Request.URL",
	"net/http: server response headers exceeded",
	"http: no Host in request URL",
	"http: nil Request.",
	"http: invalid Host header",
	"http: Request.RequestURI can't be set",
	"http: ContentLength=",
	"http: Request.ContentLength=",
}

var neverSentTexts = []string{
	"net/http: TLS handshake timeout",
	"http2: Transport received GOAWAY from server",
	"http2: Transport received Server's graceful shutdown GOAWAY",
	"http2: client conn not usable",
	"http2: client conn could not be established",
}
