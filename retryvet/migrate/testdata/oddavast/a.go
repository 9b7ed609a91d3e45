package oddavast

import (
	"math"
	"time"

	again "github.com/avast/retry-go/v4"
)

const attempts uint = 3

const pause = time.Second

type d struct{ errs []error }

// The receiver has the name that the parameter of the hook would have.
func (d *d) Do(f func() error) error {
	return again.Do(f, again.Attempts(attempts), again.Delay(time.Second), again.DelayType(again.FixedDelay), again.OnRetry(func(_ uint, err error) {
		d.errs = append(d.errs, err)
	}))
}

// No delay grows out of the shortest one.
func Zero(delay time.Duration, f func() error) error {
	return again.Do(f, again.Attempts(32), again.Delay(delay), again.DelayType(again.BackOffDelay), again.MaxDelay(time.Second))
}

func Huge(f func() error) error {
	return again.Do(f, again.Attempts(math.MaxUint), again.Delay(time.Second), again.DelayType(again.FixedDelay))
}

// The first delay is longer than the longest one.
func Above(f func() error) error {
	return again.Do(f, again.Attempts(3), again.Delay(3*time.Second), again.MaxDelay(2*time.Second), again.DelayType(again.BackOffDelay))
}

// Without this option nothing would use a variable.
func Unused(f func() error) error {
	last := true
	return again.Do(f, again.Attempts(2), again.Delay(time.Second), again.DelayType(again.FixedDelay), again.LastErrorOnly(last))
}

// No duration is mentioned, and package time isn't needed.
func Given(c struct{ Delay time.Duration }, f func() error) error {
	return again.Do(f, again.Attempts(2), again.Delay(c.Delay), again.DelayType(again.FixedDelay), again.OnRetry(nil), again.RetryIf(nil))
}

// Which options there are is known elsewhere.
func Options(f func() error, more ...again.Option) error {
	return again.Do(f, append([]again.Option{again.Attempts(2), again.Delay(time.Second), again.DelayType(again.FixedDelay)}, more...)...)
}

var last = again.LastErrorOnly

func Value(f func() error) error {
	do := again.Do
	return do(f, again.Attempts(2), last(true), again.Delay(time.Second), again.DelayType(again.FixedDelay))
}

// The call by a function value looks for the old mark.
func Mark(err error) error { return again.Unrecoverable(err) }

func NilMark() error { return again.Unrecoverable(nil) }

var hook func(uint, error)

func Maybe(f func() error) error {
	return again.Do(f, again.Attempts(2), again.Delay(time.Second), again.DelayType(again.FixedDelay), again.OnRetry(hook))
}
