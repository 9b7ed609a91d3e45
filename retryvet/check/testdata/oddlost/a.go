package oddlost

import (
	"context"
	"errors"

	again "github.com/callagain/retry"
)

func fetch(context.Context) error { return nil }

// Reported.

func grouped(ctx context.Context) {
	(again.Do(ctx, again.Policy{}, fetch)) // want `the error of retry.Do is not used`
}

func deferred(ctx context.Context) {
	defer again.Do(ctx, again.Policy{}, fetch) // want `the error of retry.Do is not used`
}

func literal(ctx context.Context) func() {
	return func() {
		again.Do(ctx, again.Policy{}, fetch) // want `the error of retry.Do is not used`
	}
}

func compared(err error) bool {
	return nil != err && again.ErrExhausted == err // want `retry.ErrExhausted is always wrapped`
}

func switched(err error) string {
	switch err {
	case nil:
		return ""
	case again.ErrTooLate, again.ErrInvalid: // want `retry.ErrTooLate is always wrapped` `retry.ErrInvalid is always wrapped`
		return "late"
	}
	return "?"
}

// Not reported.

func used(ctx context.Context) (err error) {
	if err = again.Do(ctx, again.Policy{}, fetch); err != nil {
		return
	}
	errs := map[string]error{"a": again.Do(ctx, again.Policy{}, fetch)}
	_ = again.Do(ctx, again.Policy{}, fetch)
	c := make(chan error, 1)
	go func() { c <- again.Do(ctx, again.Policy{}, fetch) }()
	return errors.Join(<-c, errs["a"])
}

func is(err error) bool { return errors.Is(err, again.ErrExhausted) }

func errorsOf(all []error) bool {
	for _, e := range all {
		if e == context.Canceled {
			return true
		}
	}
	return false
}
