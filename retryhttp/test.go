package retryhttp

import (
	"errors"
	"fmt"
	"slices"

	"github.com/callagain/retry"
)

// Transient is the test of a policy that has none, in this package: it tries again after
// failures of the network that aren't [Permanent], and after the statuses 408, 425, 429, 500,
// 502, 503 and 504. Like [retry.Transient] it stops at what is marked [retry.Stop], at
// cancellations, and at an inner call's [*retry.Error].
//
// A test says which failures are worth another attempt. Whether the request may be sent again
// is another matter, and no test can allow it: see [Transport].
func Transient() retry.Test { return transient }

func transient(err error) error {
	if stop := retry.Transient()(err); stop != nil || Classify(err) != Permanent {
		return stop
	}
	return err
}

// Network makes tests that try again after failures of the network that are [Transient], and
// stop at any status. It is for use beside others:
//
//	retry.Any(retryhttp.Network, retryhttp.On(502, 503))
func Network() retry.Test { return network }

func network(err error) error {
	if anyStatus(err) {
		return err
	}
	return transient(err)
}

// On makes tests that try again after answers with one of these statuses, and stop at all other
// failures, those of the network included. A code below 400 panics, as in [Status].
func On(codes ...int) func() retry.Test { return retry.If(Status(codes...)) }

// Status returns a function that reports whether a failure is an answer with one of these
// statuses, for [retry.AtMost], [retry.If] and the like. Only a status of 400 or above is a
// failure; any other code panics, since it would never match.
func Status(codes ...int) func(error) bool {
	codes = slices.Clone(codes)
	for _, code := range codes {
		if code < 400 || code > 999 {
			panic(fmt.Sprintf("retryhttp: Status(%d): only statuses from 400 are failures", code))
		}
	}
	return func(err error) bool {
		e, ok := errors.AsType[*StatusError](err)
		return ok && slices.Contains(codes, e.StatusCode)
	}
}

func anyStatus(err error) bool {
	_, ok := errors.AsType[*StatusError](err)
	return ok
}
