package retry

import "errors"

// A Test judges one call's failures, the last one included, before the backoff is asked
// for a delay. Nil says: ignore it and try again. An error says: stop, and
// that error is what the caller gets, as it is: the failure itself or a better one.
//
// A policy makes a Test anew for each call, so it may keep state without a lock.
type Test func(failure error) error

// Transient is the test of a policy that has none. Any failure is worth another
// attempt but three: one marked [Stop]; [context.Canceled], since somebody meant that; and
// an inner call's [*Error], since that one has tried already. An attempt that ran
// out of [Policy.Timeout] is worth another one, and so is what is marked [After] or [Fresh].
//
// The caller's own context is no matter of tests: when it's over the call ends.
func Transient() Test { return transient }

func transient(err error) error {
	if read(err).flags.transient() {
		return nil
	}
	return err
}

// If makes tests that try again after the failures for which worth is true. It is asked
// only about those that are [Transient]. It must be safe for concurrent use if the policy
// is, and must not be nil.
func If(worth func(error) bool) func() Test {
	if worth == nil {
		panic("retry: If of a nil function")
	}
	t := func(err error) error {
		if stop := transient(err); stop != nil || worth(err) {
			return stop
		}
		return err
	}
	return func() Test { return t }
}

// On makes tests that try again after the failures that are one of errs, as [errors.Is] sees it,
// and [Transient].
func On(errs ...error) func() Test {
	return If(func(failure error) bool {
		for _, err := range errs {
			if errors.Is(failure, err) {
				return true
			}
		}
		return false
	})
}

// AtMost makes tests that try again after the first n failures of a call that match, if
// they are [Transient]; any other failure stops the call. So AtMost(1, notFound) allows exactly one "not
// found" in each call; beside other tests it goes into [Any]. The function must be safe for
// concurrent use if the policy is, and must not be nil; n must not be negative.
func AtMost(n int, match func(error) bool) func() Test {
	if n < 0 {
		panic("retry: AtMost of a negative number of failures")
	}
	if match == nil {
		panic("retry: AtMost of a nil function")
	}
	return func() Test {
		left := n
		return func(err error) error {
			if stop := transient(err); stop != nil {
				return stop
			}
			if left > 0 && match(err) {
				left--
				return nil
			}
			return err
		}
	}
}

// Any makes tests that try again after the failures that at least one of tests would try again
// after. Each of them sees every failure. When they all say stop, the call stops with what
// the first of them said; without any tests, it always stops.
func Any(tests ...func() Test) func() Test {
	return func() Test {
		made := make([]Test, len(tests))
		for i, t := range tests {
			if made[i] = t(); made[i] == nil {
				return nil
			}
		}
		return func(err error) error {
			stop, again := err, false
			for i, t := range made {
				switch verdict := t(err); {
				case verdict == nil:
					again = true
				case i == 0:
					stop = verdict
				}
			}
			if again {
				return nil
			}
			return stop
		}
	}
}
