package retry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callagain/retry"
)

type around = func(context.Context, func(context.Context) error) error

func TestAroundRunsEachAttemptOutsideOfItsTimeout(t *testing.T) {
	type key struct{}
	eachWay(t, func(t *testing.T, call caller) {
		var log []string
		p := retry.Policy{Backoff: retry.List{0, time.Second, 0}, Timeout: time.Minute, Around: func(ctx context.Context, attempt func(context.Context) error) error {
			n := retry.Attempt(ctx)
			log = append(log, fmt.Sprint("start ", n, " after ", retry.Delay(ctx)))
			time.Sleep(2 * time.Minute) // a limiter's; isn't the attempt's time
			err := attempt(context.WithValue(ctx, key{}, n))
			log = append(log, fmt.Sprint("end ", n, " ", err))
			if n == 3 {
				return nil // it may say how it went
			}
			return err
		}}
		n := 0
		err := call(t.Context(), p, func(ctx context.Context) error {
			n++
			if ctx.Value(key{}) != n || retry.Attempt(ctx) != n {
				t.Error("not Around's context")
			}
			if n == 2 {
				<-ctx.Done()
				return ctx.Err()
			}
			return errFlaky
		})
		want := []string{"start 1 after 0s", "end 1 connection refused", "start 2 after 1s", "end 2 context deadline exceeded (attempt timed out after 1m0s)", "start 3 after 0s", "end 3 connection refused"}
		if !slices.Equal(log, want) || err != nil {
			t.Errorf("%q, %v", log, err)
		}
	})
}

func TestWithinCoversAround(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		begun := time.Now()
		err := call(t.Context(), retry.Policy{Within: time.Minute, Timeout: time.Second, Around: func(ctx context.Context, attempt func(context.Context) error) error {
			<-ctx.Done() // a limiter that never lets go
			return context.Cause(ctx)
		}}, func(context.Context) error { t.Error("an attempt was made"); return nil })
		gaveUp(t, err, retry.ErrTooLate, 1)
		if time.Since(begun) != time.Minute {
			t.Errorf("it took %v", time.Since(begun))
		}
	})
}

func TestAroundMayRefuse(t *testing.T) {
	open := errors.New("circuit open")
	eachWay(t, func(t *testing.T, call caller) {
		p := retry.Policy{Backoff: retry.List{0, 0, 0}, Around: func(ctx context.Context, attempt func(context.Context) error) error {
			if retry.Attempt(ctx) == 2 {
				return retry.Stop(open)
			}
			return attempt(ctx)
		}}
		n := 0
		err := call(t.Context(), p, func(context.Context) error { n++; return errFlaky })
		if _, ok := errors.AsType[*retry.Error](err); n != 1 || !errors.Is(err, open) || ok {
			t.Errorf("%d, %v", n, err)
		}
	})
}

func TestAroundUsedWronglyEndsTheCall(t *testing.T) {
	var late func(context.Context) error
	for name, wrong := range map[string]around{
		"more than once": func(ctx context.Context, attempt func(context.Context) error) error {
			err := attempt(ctx)
			if again := attempt(ctx); !errors.Is(again, retry.ErrInvalid) {
				t.Errorf("the second attempt returned %v", again)
			}
			return err
		},
		"more than once, in goroutines": func(ctx context.Context, attempt func(context.Context) error) error {
			errs := make(chan error)
			for range 10 {
				go func() { errs <- attempt(ctx) }()
			}
			for range 9 {
				<-errs
			}
			return <-errs
		},
		"without having called": func(context.Context, func(context.Context) error) error { return nil },
		"a nil context":         func(_ context.Context, attempt func(context.Context) error) error { return attempt(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, call caller) {
				n := 0
				err := call(t.Context(), retry.Policy{Backoff: retry.Constant(0), Around: wrong}, func(context.Context) error { n++; return errFlaky })
				e := gaveUp(t, err, retry.ErrInvalid, 1)
				said, _, _ := strings.Cut(name, ",")
				if n > 1 || !strings.Contains(e.Error(), said) {
					t.Errorf("%d attempts, %v", n, err)
				}
			})
		})
	}
	t.Run("after it has returned", func(t *testing.T) {
		eachWay(t, func(t *testing.T, call caller) {
			n := 0
			err := call(t.Context(), retry.Policy{Around: func(ctx context.Context, attempt func(context.Context) error) error {
				late = attempt
				return attempt(ctx)
			}}, func(context.Context) error { n++; return nil })
			if err != nil {
				t.Error(err)
			}
			if err := late(t.Context()); !errors.Is(err, retry.ErrInvalid) || !strings.Contains(err.Error(), "after it had returned") || n != 1 {
				t.Errorf("called too late, the attempt returned %v, and ran %d times", err, n)
			}
		})
	})
}

func TestAroundSeesThatAnAttemptPanicked(t *testing.T) {
	for _, how := range []string{"panic", "Goexit"} {
		eachWay(t, func(t *testing.T, call caller) {
			var seen []error
			p := retry.Policy{Around: func(ctx context.Context, attempt func(context.Context) error) error {
				err := attempt(ctx)
				seen = append(seen, err)
				return err
			}}
			check(t, how, io.EOF, func() {
				call(t.Context(), p, func(context.Context) error {
					if how == "Goexit" {
						runtime.Goexit()
					}
					panic(io.EOF)
				})
			})
			if len(seen) != 1 || seen[0] == nil {
				t.Errorf("Around saw %v", seen)
			}
		})
	}
}

// A bulkhead's worker makes the attempt in another goroutine.
func TestAroundMayUseAnotherGoroutine(t *testing.T) {
	eachWay(t, func(t *testing.T, call caller) {
		n := 0
		err := call(t.Context(), retry.Policy{Backoff: exact, Around: func(ctx context.Context, attempt func(context.Context) error) error {
			done := make(chan error)
			go func() { done <- attempt(ctx) }()
			return <-done
		}}, func(context.Context) error {
			if n++; n < 3 {
				return errFlaky
			}
			return nil
		})
		if n != 3 || err != nil {
			t.Error(n, err)
		}
	})
}

// A limiter that gives up waiting for its worker leaves the attempt running. It is waited for: a second one beside it would be one too many.
func TestAnAttemptThatAroundLeftIsWaitedFor(t *testing.T) {
	for name, leave := range map[string]func() error{
		"returns":    func() error { return errFlaky },
		"panics":     func() error { panic("a limiter") },
		"ends":       func() error { runtime.Goexit(); return nil },
		"runs twice": nil,
	} {
		t.Run(name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, call caller) {
				var running, most, made int
				ended := make(chan bool)
				go func() {
					defer close(ended)
					defer func() { recover() }()
					call(t.Context(), retry.Policy{Backoff: exact, Around: func(ctx context.Context, attempt func(context.Context) error) error {
						go attempt(ctx)
						time.Sleep(time.Millisecond)
						if leave == nil {
							return attempt(ctx)
						}
						return leave()
					}}, func(context.Context) error {
						made++
						running++
						most = max(most, running)
						time.Sleep(time.Second)
						running--
						return errFlaky
					})
				}()
				<-ended
				if made == 0 || most != 1 || running != 0 {
					t.Errorf("%d attempts, %d at once, %d left", made, most, running)
				}
			})
		})
	}
}

func TestAroundsCompose(t *testing.T) {
	var log []string
	layer := func(name string, inner around) around {
		return func(ctx context.Context, attempt func(context.Context) error) error {
			log = append(log, name)
			if inner == nil {
				return attempt(ctx)
			}
			return inner(ctx, attempt)
		}
	}
	retry.Do(t.Context(), retry.Policy{Around: layer("limiter", layer("breaker", nil))}, func(context.Context) error { log = append(log, "f"); return nil })
	if !slices.Equal(log, []string{"limiter", "breaker", "f"}) {
		t.Error(log)
	}
}
