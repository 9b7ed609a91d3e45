package costs

import (
	"context"
	"errors"
	"sync"
	"time"

	rican7 "github.com/Rican7/retry"
	"github.com/Rican7/retry/strategy"
	avast "github.com/avast/retry-go/v5"
	"github.com/callagain/retry"
	"github.com/cenkalti/backoff/v7"
	"github.com/eapache/go-resiliency/retrier"
	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	lestrrat "github.com/lestrrat-go/backoff/v2"
	rogpeppe "github.com/rogpeppe/retry"
	sethvargo "github.com/sethvargo/go-retry"
)

// attempts is what every call is limited to.
const attempts = 5

// A contender makes calls of up to five attempts with a constant delay between them.
type contender struct {
	lib   string
	calls func(delay time.Duration) calls
}

// calls are the ways to call. The loop is inside, so that what is measured is the library's function as a program
// calls it, and nothing in between.
type calls struct {
	value func(ctx context.Context, n int, f func(context.Context) (int, error)) error // n calls, one after the other
	plain func(ctx context.Context, n int, f func(context.Context) error) error        // the same without a value; nil if there is no such form
	start func(ctx context.Context, f func(context.Context) (int, error)) any          // doesn't wait for the call; nil if it is go value(…)
	wait  func(started any)                                                            // for what start returned
}

var contenders = []contender{
	{"hand", byHand},
	{"callagain", byCallagain},
	{"cenkalti", byCenkalti},
	{"avast", byAvast},
	{"avast-reused", byReusedAvast},
	{"failsafe", byFailsafe},
	{"sethvargo", bySethvargo},
	{"rogpeppe", byRogpeppe},
	{"eapache", byEapache},
	{"lestrrat", byLestrrat},
	{"rican7", byRican7},
}

// byHand is what a careful person would write.
func byHand(delay time.Duration) calls {
	return calls{
		value: func(ctx context.Context, n int, f func(context.Context) (int, error)) (last error) {
			for range n {
				_, last = handValue(ctx, delay, f)
			}
			return last
		},
		plain: func(ctx context.Context, n int, f func(context.Context) error) (last error) {
			for range n {
				last = handPlain(ctx, delay, f)
			}
			return last
		},
	}
}

//go:noinline
func handValue(ctx context.Context, delay time.Duration, f func(context.Context) (int, error)) (v int, err error) {
	for i := range attempts {
		if i > 0 && delay > 0 {
			pause(ctx, delay)
		}
		if ctx.Err() != nil {
			return v, errors.Join(context.Cause(ctx), err)
		}
		if v, err = f(ctx); err == nil {
			return v, nil
		}
		if errors.Is(err, context.Canceled) {
			return v, err
		}
	}
	return v, err
}

//go:noinline
func handPlain(ctx context.Context, delay time.Duration, f func(context.Context) error) (err error) {
	for i := range attempts {
		if i > 0 && delay > 0 {
			pause(ctx, delay)
		}
		if ctx.Err() != nil {
			return errors.Join(context.Cause(ctx), err)
		}
		if err = f(ctx); err == nil {
			return nil
		}
		if errors.Is(err, context.Canceled) {
			return err
		}
	}
	return err
}

func pause(ctx context.Context, delay time.Duration) {
	t := time.NewTimer(delay)
	select {
	case <-t.C:
	case <-ctx.Done():
		t.Stop()
	}
}

func byCallagain(delay time.Duration) calls {
	list := make(retry.List, attempts)
	for i := range list[1:] {
		list[i+1] = delay
	}
	policy := retry.Policy{Backoff: list}
	return calls{
		value: func(ctx context.Context, n int, f func(context.Context) (int, error)) (last error) {
			for range n {
				_, last = retry.Get(ctx, policy, f)
			}
			return last
		},
		plain: func(ctx context.Context, n int, f func(context.Context) error) (last error) {
			for range n {
				last = retry.Do(ctx, policy, f)
			}
			return last
		},
		start: func(ctx context.Context, f func(context.Context) (int, error)) any {
			return retry.Start(ctx, policy, f)
		},
		wait: func(started any) { started.(*retry.Call[int]).Result() },
	}
}

// byCenkalti makes a BackOff for each call: it must not be shared.
func byCenkalti(delay time.Duration) calls {
	return calls{
		value: func(ctx context.Context, n int, f func(context.Context) (int, error)) (last error) {
			for range n {
				_, last = backoff.Retry(ctx, func() (int, error) { return f(ctx) },
					backoff.WithBackOff(backoff.NewConstantBackOff(delay)), backoff.WithMaxTries(attempts))
			}
			return last
		},
	}
}

// byAvast makes a Retrier for each call: the context is one of its options.
func byAvast(delay time.Duration) calls {
	return calls{
		value: func(ctx context.Context, n int, f func(context.Context) (int, error)) (last error) {
			for range n {
				_, last = avast.NewWithData[int](avast.Context(ctx), avast.Attempts(attempts), avast.Delay(delay),
					avast.DelayType(avast.FixedDelay)).Do(func() (int, error) { return f(ctx) })
			}
			return last
		},
		plain: func(ctx context.Context, n int, f func(context.Context) error) (last error) {
			for range n {
				last = avast.New(avast.Context(ctx), avast.Attempts(attempts), avast.Delay(delay),
					avast.DelayType(avast.FixedDelay)).Do(func() error { return f(ctx) })
			}
			return last
		},
	}
}

// byReusedAvast shares one Retrier, as its documentation advises where calls are many; it then has no context of the call.
func byReusedAvast(delay time.Duration) calls {
	options := []avast.Option{avast.Attempts(attempts), avast.Delay(delay), avast.DelayType(avast.FixedDelay)}
	value, plain := avast.NewWithData[int](options...), avast.New(options...)
	return calls{
		value: func(ctx context.Context, n int, f func(context.Context) (int, error)) (last error) {
			for range n {
				_, last = value.Do(func() (int, error) { return f(ctx) })
			}
			return last
		},
		plain: func(ctx context.Context, n int, f func(context.Context) error) (last error) {
			for range n {
				last = plain.Do(func() error { return f(ctx) })
			}
			return last
		},
	}
}

func byFailsafe(delay time.Duration) calls {
	executor := failsafe.With(retrypolicy.NewBuilder[int]().WithMaxAttempts(attempts).WithDelay(delay).ReturnLastFailure().Build())
	return calls{
		value: func(ctx context.Context, n int, f func(context.Context) (int, error)) (last error) {
			for range n {
				_, last = executor.WithContext(ctx).GetWithExecution(func(e failsafe.Execution[int]) (int, error) { return f(e.Context()) })
			}
			return last
		},
		plain: func(ctx context.Context, n int, f func(context.Context) error) (last error) {
			for range n {
				last = executor.WithContext(ctx).RunWithExecution(func(e failsafe.Execution[int]) error { return f(e.Context()) })
			}
			return last
		},
		start: func(ctx context.Context, f func(context.Context) (int, error)) any {
			return executor.WithContext(ctx).GetAsyncWithExecution(func(e failsafe.Execution[int]) (int, error) { return f(e.Context()) })
		},
		wait: func(started any) { started.(failsafe.ExecutionResult[int]).Get() },
	}
}

// bySethvargo makes a Backoff for each call: it counts the attempts.
func bySethvargo(delay time.Duration) calls {
	backoff := func() sethvargo.Backoff {
		if delay == 0 { // which NewConstant refuses
			return sethvargo.WithMaxRetries(attempts-1, sethvargo.BackoffFunc(func() (time.Duration, bool) { return 0, false }))
		}
		return sethvargo.WithMaxRetries(attempts-1, sethvargo.NewConstant(delay))
	}
	return calls{
		value: func(ctx context.Context, n int, f func(context.Context) (int, error)) (last error) {
			for range n {
				_, last = sethvargo.DoValue(ctx, backoff(), func(ctx context.Context) (int, error) {
					v, err := f(ctx)
					return v, sethvargo.RetryableError(err)
				})
			}
			return last
		},
		plain: func(ctx context.Context, n int, f func(context.Context) error) (last error) {
			for range n {
				last = sethvargo.Do(ctx, backoff(), func(ctx context.Context) error { return sethvargo.RetryableError(f(ctx)) })
			}
			return last
		},
	}
}

func byRogpeppe(delay time.Duration) calls {
	strategy := rogpeppe.Strategy{Delay: delay, MaxCount: attempts, Regular: true}
	return calls{
		value: func(ctx context.Context, n int, f func(context.Context) (int, error)) (last error) {
			for range n {
				for i := strategy.Start(); ; {
					if _, last = f(ctx); last == nil || !i.Next(ctx.Done()) {
						break
					}
				}
			}
			return last
		},
		plain: func(ctx context.Context, n int, f func(context.Context) error) (last error) {
			for range n {
				for i := strategy.Start(); ; {
					if last = f(ctx); last == nil || !i.Next(ctx.Done()) {
						break
					}
				}
			}
			return last
		},
	}
}

func byEapache(delay time.Duration) calls {
	r := retrier.New(retrier.ConstantBackoff(attempts-1, delay), nil)
	return calls{
		value: func(ctx context.Context, n int, f func(context.Context) (int, error)) (last error) {
			for range n {
				var v int
				last = r.RunCtx(ctx, func(ctx context.Context) (err error) {
					v, err = f(ctx)
					return err
				})
				sink = v
			}
			return last
		},
		plain: func(ctx context.Context, n int, f func(context.Context) error) (last error) {
			for range n {
				last = r.RunCtx(ctx, f)
			}
			return last
		},
	}
}

func byLestrrat(delay time.Duration) calls {
	// Its last event is lost by chance, since it cancels its controller with it. So it is asked for one more than the loop takes.
	policy := lestrrat.Constant(lestrrat.WithInterval(delay), lestrrat.WithMaxRetries(attempts))
	one := func(ctx context.Context, f func(context.Context) error) (last error) {
		ctx, cancel := context.WithCancel(ctx) // ends the goroutine that each loop has
		defer cancel()
		c := policy.Start(ctx)
		for left := attempts; left > 0 && lestrrat.Continue(c); left-- {
			if last = f(ctx); last == nil {
				return nil
			}
		}
		return last
	}
	return calls{
		value: func(ctx context.Context, n int, f func(context.Context) (int, error)) (last error) {
			for range n {
				var v int
				last = one(ctx, func(ctx context.Context) (err error) {
					v, err = f(ctx)
					return err
				})
				sink = v
			}
			return last
		},
		plain: func(ctx context.Context, n int, f func(context.Context) error) (last error) {
			for range n {
				last = one(ctx, f)
			}
			return last
		},
	}
}

func byRican7(delay time.Duration) calls {
	strategies := []strategy.Strategy{strategy.Limit(attempts), strategy.Wait(delay)}
	return calls{
		value: func(ctx context.Context, n int, f func(context.Context) (int, error)) (last error) {
			for range n {
				var v int
				last = rican7.Retry(func(uint) (err error) {
					v, err = f(ctx)
					return err
				}, strategies...)
				sink = v
			}
			return last
		},
		plain: func(ctx context.Context, n int, f func(context.Context) error) (last error) {
			for range n {
				last = rican7.Retry(func(uint) error { return f(ctx) }, strategies...)
			}
			return last
		},
	}
}

var sink int

// run starts n calls at once, of which the i-th is of f(i), and returns a function that waits for all of them.
func (c calls) run(ctx context.Context, n int, f func(i int) func(context.Context) (int, error)) (wait func()) {
	if c.start == nil {
		var all sync.WaitGroup
		for i := range n {
			g := f(i)
			all.Go(func() { c.value(ctx, 1, g) })
		}
		return all.Wait
	}
	all := make([]any, n)
	for i := range all {
		all[i] = c.start(ctx, f(i))
	}
	return func() {
		for _, started := range all {
			c.wait(started)
		}
	}
}
