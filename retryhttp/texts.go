package retryhttp

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/callagain/retry/internal/errtree"
)

// classifyText knows the errors for which net/http and crypto/tls have no type and no variable; 0 for any other. The texts
// are provoked in the tests, from a real client, so that one which changes is noticed; except for those that take a race, a
// broken configuration or a broken server to be seen.
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
	if c := classifyHTTP2(text); c != 0 {
		return c
	}
	if refusedTunnel(text) {
		return Permanent
	}
	return 0
}

// cutOff reports whether a quoted piece of an answer may be what came before the connection broke, as opposed to another
// protocol: whether it begins as it should, or is the beginning of a number.
func cutOff(quoted, begin string) bool {
	s := strings.Trim(quoted, `"`)
	if begin != "" {
		n := min(len(s), len(begin))
		return s[:n] == begin[:n]
	}
	_, number := digits(s)
	return s == "" || number && len(s) < 3
}

// classifyHTTP2 knows the errors of HTTP/2 (RFC 9113, section 7). golang.org/x/net/http2 and the copy in net/http have types
// of their own, but one text. What a server adds for debugging comes last in it.
func classifyHTTP2(text string) Class {
	code := ""
	for _, begin := range [...]string{
		"stream error: stream ID ",
		"connection error: ",
		"http2: server sent GOAWAY and closed the connection; ",
		"http2: Transport received GOAWAY from server ErrCode:",
	} {
		if rest, ok := strings.CutPrefix(text, begin); ok {
			code, _, _ = strings.Cut(rest, ", debug=")
			break
		}
	}
	switch {
	case strings.Contains(code, "HTTP_1_1_REQUIRED"):
		return Permanent // the connection pool would use HTTP/2 again
	case strings.HasPrefix(text, "stream error: ") && strings.Contains(code, "; REFUSED_STREAM"),
		strings.HasPrefix(text, "http2: Transport received GOAWAY from server"):
		return NeverSent
	}
	return 0
}

// refusedTunnel reports whether text is what net/http makes of the status of a proxy that refuses to CONNECT for good: the
// reason phrase, and nothing else. Phrases are free, so that one of the two words that matter is enough: a log-in that was wrong
// must not be retried, since accounts get locked. "Unknown status code" is a refusal without a phrase.
func refusedTunnel(text string) bool {
	text = strings.ToLower(strings.TrimSpace(text))
	if len(text) > 100 {
		return false
	}
	if text == "" || text == "unknown status code" || slices.Contains(refusals, text) {
		return true
	}
	return strings.Contains(text, "authentication") && (strings.Contains(text, "required") || strings.Contains(text, "proxy")) ||
		strings.Contains(text, "access") && strings.Contains(text, "denied")
}

// refusing reports whether err is the reason phrase of a proxy that refuses to CONNECT, by words that are too common to say so of any
// error: it is for one of an attempt that had no connection.
func refusing(err error) bool {
	if e, ok := err.(*url.Error); ok { // of a client
		err = e.Err
	}
	switch err.(type) {
	case interface{ Unwrap() error }, interface{ Unwrap() []error }:
		return false
	}
	text := strings.ToLower(errtree.Text(err))
	has := func(word string) bool { return strings.Contains(text, word) }
	return len(text) <= 100 && slices.ContainsFunc(refusingWords, has) && !slices.ContainsFunc(passingWords, has)
}

var (
	refusingWords = []string{
		"authent", "authoriz", "authoris", "credential", "password", "login", "log in", "logon",
		"forbid", "denied", "not allowed", "not permitted", "prohibit", "blocked", "filtered", "policy",
	}
	passingWords = []string{"unavailable", "temporar", "timeout", "timed out", "gateway", "overload", "too many", "unreachable", "busy"}
)

// refusals are the phrases of the statuses that aren't retried, in lower case.
var refusals = func() (phrases []string) {
	for code := 400; code < 600; code++ {
		if text := http.StatusText(code); text != "" && !retriedStatus(code) {
			phrases = append(phrases, strings.ToLower(text))
		}
	}
	return phrases
}()

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
	"http2: request body larger than specified content length",
	"http2: response header list larger than advertised limit",
	"http2: could not negotiate protocol mutually",
	"http2: unexpected ALPN protocol",
	"http2: unsupported scheme",

	// What a SOCKS proxy refuses (RFC 1928, section 6, and RFC 1929). That it couldn't reach the server may pass.
	"no acceptable authentication methods",
	"username/password authentication failed",
	"invalid username/password",
	"unsupported authentication method",
	"unexpected protocol version",
	"unknown error connection not allowed by ruleset",
	"unknown error command not supported",
	"unknown error address type not supported",
	"FQDN too long",

	// TLS with nothing in common, or with a peer that breaks the protocol.
	"tls: server",
	"tls: no supported",
	"tls: protocol version not supported",
	"tls: handshake failure",
	"tls: illegal parameter",
	"tls: unsupported",
	"tls: downgrade attempt detected",
	"tls: peer doesn't support",
	"tls: missing signature_algorithms",
	"tls: failed to parse certificate",
	"tls: invalid signature by the server certificate",
	"tls: invalid server",
	"tls: certificate ",
	"tls: client certificate ",
	"tls: received empty certificates message",
	"tls: handshake message of length",
	"tls: either ServerName or InsecureSkipVerify",
	"tls: invalid NextProtos value",
	"tls: NextProtos values too large",
	"tls: CurvePreferences",
	"tls: MinVersion",
	"tls: MaxVersion",
	"tls: EncryptedClientHelloConfigList",
	"tls: malformed ECHConfig",
	"tls: FIPS",
	"tls: no FIPS",
}

var neverSentTexts = []string{
	"net/http: TLS handshake timeout",
	"http2: Transport received Server's graceful shutdown GOAWAY",
	"http2: client conn not usable",
	"http2: client conn could not be established",
}
