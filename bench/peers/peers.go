// Package peers puts the retry libraries of Go behind one small shape, so that one scenario can be run on all of them.
//
// An adapter uses a library as its own documentation says to, with the options that serve a [Plan] best, and says
// [NotOffered] where the library has no option for it. It adds no behavior of its own.
package peers

import (
	"context"
	"time"
)

// A Func is what is called again when it fails.
type Func = func(context.Context) (int, error)

// A Call runs f until it succeeds or the library gives up.
type Call func(ctx context.Context, f Func) (int, error)

// Unlimited is a [Plan.Attempts] or a [Plan.Within] without a limit.
const Unlimited = -1

// A Plan is what a scenario asks of a library. What is zero is left at the library's default.
type Plan struct {
	Attempts int             // at most so many, the first one included; or Unlimited
	Within   time.Duration   // no longer than this in all; or Unlimited
	Timeout  time.Duration   // no longer than this for each attempt
	Delays   []time.Duration // exactly these between the attempts; takes the place of Delay and Max
	Delay    time.Duration   // between two attempts: constant, unless Max is set
	Max      time.Duration   // the delay doubles from Delay up to this
	Jitter   bool            // delays are randomized, in the way the library does it best

	Once    error       // this failure is worth another attempt once in each call, and any other failure is not
	Budget  bool        // the library's limit on the retries of all the calls of the plan, in its default size
	OnRetry func()      // told of each retry
	OnEnd   func(error) // told of each call's end
}

// A Library is one of the compared libraries.
type Library struct {
	Name   string // as its users call it
	Module string // its module path, which is also where its version is looked up

	// Make builds all that the library lets a program build once, and returns how to call with it. The error is
	// a NotOffered if the library can't do what the plan asks.
	Make func(Plan) (Call, error)

	// Single says why what Make returned serves one call at a time only. Empty if it can be shared.
	Single string

	// NoErrors says why the library has no part in the error of a call that failed. Empty if it has.
	NoErrors string

	// OptIn is true if only a failure marked as such is worth another attempt.
	OptIn bool

	// NoValue is true if a call returns only an error.
	NoValue bool

	// UserMark is true if Stop is an error type of the user's own that the library was told about, not a mark it has.
	UserMark bool

	Stop      func(error) error                // marks a failure as not worth another attempt; nil if there is no such mark
	Again     func(error) error                // marks a failure as worth one, perhaps after a delay; nil if there is no such mark
	After     func(error, time.Duration) error // marks a failure as worth one after a delay; nil if there is no such mark
	Attempt   func(context.Context) int        // the number of the attempt that was given the context; nil if it can't be told
	Exhausted func(error) bool                 // whether the call failed because its attempts were used up; nil if it can't be told

	// Start is a Make for calls that the caller doesn't wait for. What it returns starts a call and returns at once. Nil if
	// the library has none.
	Start func(Plan) (func(ctx context.Context, f Func) (wait func() (int, error)), error)
}

// NotOffered is the error of a [Library.Make] that has no option for a plan. Its text is what is missing.
type NotOffered string

func (n NotOffered) Error() string { return string(n) }

type attemptKey struct{}

// withAttempt passes the number of an attempt to where attempt finds it, for the libraries that hand it to the
// function beside the context.
func withAttempt(ctx context.Context, n int) context.Context {
	return context.WithValue(ctx, attemptKey{}, n)
}

func attempt(ctx context.Context) int {
	n, _ := ctx.Value(attemptKey{}).(int)
	return n
}

// All returns every library, ours first.
func All() []Library {
	return []Library{callagain, cenkalti, avast, failsafeGo, sethvargo, rogpeppe, eapache, lestrrat, rican7}
}
