package lost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/callagain/retry"
)

var p retry.Policy

func f(context.Context) error        { return nil }
func v(context.Context) (int, error) { return 0, nil }

// Reported.

func unused(ctx context.Context) {
	retry.Do(ctx, p, f)       // want `the error of retry.Do is not used: that all attempts failed goes unnoticed`
	retry.Get(ctx, p, v)      // want `the error of retry.Get is not used`
	go retry.Do(ctx, p, f)    // want `the error of retry.Do is not used`
	defer retry.Do(ctx, p, f) // want `the error of retry.Do is not used`
}

func unusedMark(ctx context.Context) error {
	return retry.Do(ctx, p, func(ctx context.Context) error {
		err := f(ctx)
		if err == io.EOF {
			retry.Stop(err) // want `the error that retry.Stop returns is not used: the mark has no effect; return it`
		}
		retry.After(err, time.Second) // want `the error that retry.After returns is not used`
		return err
	})
}

func discardedMark(ctx context.Context) error {
	return retry.Do(ctx, p, func(ctx context.Context) error {
		defer retry.Progress(io.EOF) // want `the error that retry.Progress returns is not used`
		n, err := v(ctx)
		switch n {
		case 1:
			_ = retry.Stop(err) // want `the error that retry.Stop returns is not used: the mark has no effect; return it`
		case 2:
			_, n = (retry.Progress(err)), 3 // want `the error that retry.Progress returns is not used`
		default:
			return fmt.Errorf("wrong %d: %v", n, retry.Stop(err)) // want `the error that retry.Stop returns is not wrapped by fmt.Errorf, which takes its text only: the mark has no effect; write %w`
		}
		return err
	})
}

func keptMark(ctx context.Context) error {
	return retry.Do(ctx, p, func(ctx context.Context) error {
		n, err := v(ctx)
		stop := retry.Stop(err)                        // want `the error that retry.Stop returns is not wrapped by fmt.Errorf`
		later, n := retry.After(err, time.Second), n+1 // want `the error that retry.After returns is not used`
		for _ = later; n > 1; n-- {
			_ = later
		}
		if n == 0 {
			return fmt.Errorf("none: %v", stop)
		}
		return fmt.Errorf("wrong %d: %s", n, (stop))
	})
}

func compare(ctx context.Context) bool {
	err := retry.Do(ctx, p, f)
	if err == retry.ErrExhausted { // want `retry.ErrExhausted is always wrapped: compare with errors.Is`
		return true
	}
	if retry.ErrBudget != err { // want `retry.ErrBudget is always wrapped`
		return true
	}
	switch err {
	case retry.ErrTooLate: // want `retry.ErrTooLate is always wrapped`
		return true
	case nil, io.EOF:
	}
	return err == context.Canceled // want `context.Canceled is wrapped in a \*retry.Error when it ends the call: compare with errors.Is`
}

func reason(err error) bool {
	var e *retry.Error
	return errors.As(err, &e) && e.Reason == retry.ErrInvalid // want `retry.ErrInvalid may be wrapped in the Reason`
}

func timeout(ctx context.Context) error {
	p := retry.Policy{Timeout: time.Second, RetryIf: func(err error) bool {
		return !errors.Is(err, io.EOF) && !errors.Is(err, context.DeadlineExceeded) // want `an attempt that exceeded Policy.Timeout is a context.DeadlineExceeded too, and is not retried because of this`
	}}
	return retry.Do(ctx, p, f)
}

func timeoutStop(ctx context.Context) error {
	return retry.Do(ctx, retry.Policy{Timeout: time.Second}, func(ctx context.Context) error {
		err := f(ctx)
		if errors.Is(err, context.DeadlineExceeded) { // want `an attempt that exceeded Policy.Timeout`
			return retry.Stop(err)
		}
		return err
	})
}

func timeoutStopNotNil(ctx context.Context) error {
	return retry.Do(ctx, retry.Policy{Timeout: time.Second}, func(ctx context.Context) error {
		if err := f(ctx); err != nil && errors.Is(err, context.DeadlineExceeded) { // want `an attempt that exceeded Policy.Timeout`
			return retry.Stop(err)
		}
		return nil
	})
}

func timeoutEarly(ctx context.Context) error {
	return retry.Do(ctx, retry.Policy{Timeout: time.Second, RetryIf: func(err error) bool {
		if err == io.EOF {
			return false
		}
		if errors.Is(err, context.DeadlineExceeded) { // want `an attempt that exceeded Policy.Timeout`
			return false
		}
		return true
	}}, f)
}

func notDeadline(err error) bool { return !errors.Is(err, context.DeadlineExceeded) }

func timeoutNamed(ctx context.Context) error {
	return retry.Do(ctx, retry.Policy{Timeout: time.Second, RetryIf: notDeadline}, f) // want `an attempt that exceeded Policy.Timeout`
}

// Not reported.

func knowsBetter(ctx context.Context) error {
	return retry.Do(ctx, retry.Policy{Timeout: time.Second, RetryIf: func(err error) bool {
		if errors.Is(err, retry.ErrTimeout) {
			return true
		}
		if errors.Is(err, context.DeadlineExceeded) {
			return false
		}
		return true
	}}, func(ctx context.Context) error {
		err := f(ctx)
		if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			return retry.Stop(err)
		}
		return err
	})
}

func withoutTimeout(ctx context.Context) error {
	return retry.Do(ctx, retry.Policy{RetryIf: notDeadline}, f)
}

func used(ctx context.Context) error {
	_ = retry.Do(ctx, p, f)
	n, _ := retry.Get(ctx, p, v)
	retry.Start(ctx, p, v)
	if err := retry.Do(ctx, p, f); err != nil {
		return err
	}
	go func() { _ = retry.Do(ctx, p, f) }()
	if n == 1 {
		return retry.Stop(io.EOF)
	}
	return retry.Do(ctx, p, f)
}

func usedMark(ctx context.Context, format string) error {
	return retry.Do(ctx, p, func(ctx context.Context) (err error) {
		if n, failure := v(ctx); n > 1 {
			if n == 2 {
				return fmt.Errorf("number %d: %[2]w", n, retry.Stop(failure))
			}
			if n == 3 {
				return fmt.Errorf(format, retry.Stop(failure))
			}
			err = retry.Stop(failure)
			return
		}
		marked, _ := retry.After(f(ctx), time.Second), retry.Do
		errs := []error{retry.Progress(marked)}
		return errors.Join(errs...)
	})
}

// A mark in a variable that is returned too, or may be another error, or is the result.
func keptMarks(ctx context.Context) error {
	return retry.Do(ctx, p, func(ctx context.Context) (err error) {
		stop, other := retry.Stop(f(ctx)), retry.Stop(f(ctx))
		if other == nil {
			other = io.EOF
		}
		if _ = other; ctx.Err() != nil {
			return fmt.Errorf("%v: %w", stop, stop)
		}
		err, text := retry.Stop(io.EOF), "because: "
		text += fmt.Errorf("%v", err).Error()
		fmt.Println(text)
		return
	})
}

func compareRight(ctx context.Context) bool {
	err := retry.Do(ctx, p, f)
	if errors.Is(err, retry.ErrExhausted) || err == io.EOF {
		return true
	}
	err = f(ctx)
	return err == context.Canceled || retry.ErrBudget == nil
}

type timedOut struct{ error }

func (timedOut) Is(target error) bool { return target == retry.ErrTimeout }

type exhausted struct{ cause error }

func (e exhausted) Error() string { return "exhausted" }

func (e exhausted) Is(target error) bool {
	switch target {
	case retry.ErrExhausted:
		return true
	}
	return e.cause == retry.ErrBudget // want `retry.ErrBudget is always wrapped`
}

// Without a Timeout of the policy it's the caller's deadline, or one of f's own.
func noTimeout(ctx context.Context) error {
	p := retry.Policy{RetryIf: func(err error) bool { return !errors.Is(err, context.DeadlineExceeded) }}
	return retry.Do(ctx, p, f)
}
