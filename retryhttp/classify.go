package retryhttp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"slices"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/errtree"
)

// A Class says what a failed request may have done, as far as its error proves.
type Class int

const (
	// NeverSent: no server has seen the request, or a server said that it has not acted on it. Any request may be sent
	// again.
	NeverSent Class = iota + 1
	// MaybeApplied: the request may have been acted upon, in part or in whole. A request that isn't idempotent must not
	// be sent again.
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

// Classify returns the Class of an error from [http.Client.Do], from an [http.RoundTripper] or from reading a response's
// body, through any wrapping; 0 if err is nil. An error that it doesn't know is MaybeApplied. Classify doesn't say whose
// cancellation an error comes from: ask the contexts.
//
// A [*StatusError] is NeverSent if its status says that the request was refused before it was acted upon (425, 429, and 403 for a
// rate limit), MaybeApplied if it is another one that [Transient] retries, and otherwise Permanent.
//
// Where errors are joined, the whole is Permanent if one of them is, and NeverSent only if all of them are. An error of more
// than ten thousand parts is MaybeApplied, if it isn't Permanent by one of those.
func Classify(err error) Class {
	return look(err).class
}

// What is seen in an error.
type seen struct {
	class    Class
	status   *StatusError // the first
	canceled bool         // it is a context.Canceled
	retried  bool         // it is, or wraps, the *retry.Error of an inner call
}

// look looks at err and at all that it wraps. Errors are asked for their texts only if they wrap nothing, so that it takes
// time in proportion to their number.
func look(err error) seen {
	var s seen
	if err == nil {
		return s
	}
	whole := errtree.Walk(err, func(err error, leaf bool, above Class) (Class, bool) {
		switch e := err.(type) {
		case *StatusError:
			if s.status == nil {
				s.status = e
			}
		case *retry.Error:
			s.retried = true
		}
		if leaf && err == context.Canceled {
			s.canceled = true
		}
		c := classifyType(err)
		if c == 0 && leaf {
			c = classifyText(errtree.Text(err))
		}
		if c != Permanent && above != 0 {
			c = above // a dial, say, whatever it failed with, unless the address made no sense
		}
		switch {
		case c == Permanent:
			s.class = Permanent
		case leaf:
			s.class = max(s.class, orMaybe(c))
		}
		return c, true
	})
	if !whole {
		s.class = max(s.class, MaybeApplied)
	}
	s.class = orMaybe(s.class)
	return s
}

func orMaybe(c Class) Class {
	if c == 0 {
		return MaybeApplied
	}
	return c
}

// classifyType classifies err itself, whatever it wraps, by its type; 0 if that says nothing.
func classifyType(err error) Class {
	switch e := err.(type) {
	case *StatusError:
		return e.class()

	case *refusedConnection:
		return Permanent

	case *shortened:
		return e.class

	case *tls.CertificateVerificationError, tls.RecordHeaderError, *tls.ECHRejectionError,
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
		// A name that isn't found is retried, too: that costs little, and names of services come and go while a
		// cluster is being deployed.
		return NeverSent

	case *net.OpError:
		switch e.Op {
		case "dial", "proxyconnect", "socks connect":
			return NeverSent
		case "remote error":
			// A TLS alert: the peer won't have this client or its request, ever.
			if e.Err == nil || !slices.Contains(passingAlerts[:], e.Err.Error()) {
				return Permanent
			}
		}
	}
	if err == http.ErrSchemeMismatch || err == ErrTooLarge {
		return Permanent
	}
	return 0
}

// passingAlerts are the alerts that may pass (RFC 8446, section 6). Internal error is here since Go servers send it when they
// can't get at a certificate.
var passingAlerts = [...]string{
	tls.AlertError(0).Error(),  // close notify
	tls.AlertError(20).Error(), // bad record MAC
	tls.AlertError(80).Error(), // internal error
	tls.AlertError(90).Error(), // user canceled
}
