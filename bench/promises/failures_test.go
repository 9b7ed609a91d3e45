package promises

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/callagain/retry/bench/peers"
)

// failures are the promises about the error of a call that failed.
var failures = []promise[peers.Library]{
	{
		text: "An exhausted call keeps the first failure and the last",
		how:  "4 attempts, each with an error of its own; errors.Is on what is returned",
		run: func(t *testing.T, l peers.Library) finding {
			mustHaveErrors(l)
			errs := []error{errors.New("first"), errors.New("second"), errors.New("third"), errors.New("last")}
			r := failsWith(func(n int) error { return errs[n-1] })
			_, err := prepare(l, peers.Plan{Attempts: 4})(t.Context(), r.f)
			first, last := errors.Is(err, errs[0]), errors.Is(err, errs[3])
			return is(first && last, "%s, %s", shows(err, "the first", errs[0]), shows(err, "the last", errs[3]))
		},
	},
	{
		text: "The error says whether the attempts were used up",
		how:  "errors.Is, or the library's own test, on a call that used up 3 attempts and on one that was stopped at once",
		run: func(t *testing.T, l peers.Library) finding {
			mustHaveErrors(l)
			if l.Exhausted == nil {
				return missing("has no sentinel or test for it")
			}
			call := prepare(l, peers.Plan{Attempts: 3})
			_, used := call(t.Context(), fails(errDown).f)
			_, stopped := call(t.Context(), fails(l.Stop(errDown)).f)
			return is(l.Exhausted(used) && !l.Exhausted(stopped), "used up: %v, stopped: %v", l.Exhausted(used), l.Exhausted(stopped))
		},
	},
	{
		text: "A call canceled in a delay keeps the failure",
		how:  "canceled with a cause 1s into a delay of 10s",
		run: func(t *testing.T, l peers.Library) finding {
			err, _ := canceled(t, l)
			return is(errors.Is(err, errDown), "%v", oneLine(err))
		},
		remarks: map[string]string{"eapache/go-resiliency": "with WithSurfaceWorkErrors; without it, only the context's error"},
	},
	{
		text: "A call canceled in a delay names the cause",
		how:  "the same; errors.Is with context.Cause",
		run: func(t *testing.T, l peers.Library) finding {
			err, cause := canceled(t, l)
			return is(errors.Is(err, cause), "%v", oneLine(err))
		},
	},
	{
		text: "Many failures don't fill the memory",
		how:  "20,000 attempts without delay, each failing with an error of 1 KiB; what the heap holds at the end",
		real: true,
		run: func(t *testing.T, l peers.Library) finding {
			const n = 20_000
			var before, after runtime.MemStats
			attempts := 0
			f := func(context.Context) (int, error) {
				attempts++
				switch attempts {
				case 10:
					runtime.GC()
					runtime.ReadMemStats(&before)
				case n:
					runtime.GC()
					runtime.ReadMemStats(&after)
				}
				return 0, &bigError{}
			}
			prepare(l, peers.Plan{Attempts: n})(t.Context(), f)
			grown := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / n
			return is(grown < 100, "%d bytes held for each failure", max(grown, 0))
		},
		remarks: map[string]string{"avast/retry-go": "none with LastErrorOnly, or without a limit of attempts"},
	},
	{
		text: "The last value is returned with the error",
		how:  "the n-th attempt returns n and an error; 3 attempts",
		run: func(t *testing.T, l peers.Library) finding {
			mustHaveErrors(l)
			if l.NoValue {
				return missing("returns no value")
			}
			v, err := prepare(l, peers.Plan{Attempts: 3})(t.Context(), fails(errDown).f)
			return is(v == 3 && err != nil, "returned %d", v)
		},
	},
	{
		text: "A mark that stops is seen through wrapping, and the wrapping is kept",
		how:  `the function returns fmt.Errorf("user 7: %w", stop(err))`,
		run: func(t *testing.T, l peers.Library) finding {
			mustHaveErrors(l)
			r := fails(fmt.Errorf("user 7: %w", l.Stop(errDown)))
			_, err := prepare(l, peers.Plan{Attempts: 3})(t.Context(), r.f)
			return is(r.attempts() == 1 && strings.Contains(err.Error(), "user 7"), "%s; %v", plural(r.attempts(), "attempt"), oneLine(err))
		},
	},
	{
		text: "A mark that asks for another attempt keeps the wrapping too",
		how:  `the function returns fmt.Errorf("user 7: %w", again(err)) until 3 attempts are used up`,
		run: func(t *testing.T, l peers.Library) finding {
			mustHaveErrors(l)
			var err error
			switch {
			case l.Again != nil:
				err = l.Again(errDown)
			case l.After != nil:
				err = l.After(errDown, time.Millisecond)
			default:
				return missing("has no such mark")
			}
			r := fails(fmt.Errorf("user 7: %w", err))
			_, err = prepare(l, peers.Plan{Attempts: 3})(t.Context(), r.f)
			return is(r.attempts() == 3 && strings.Contains(err.Error(), "user 7"), "%s; %v", plural(r.attempts(), "attempt"), oneLine(err))
		},
	},
	{
		text: "Marking nil is nil",
		how:  "the library's mark, given a nil error",
		run: func(t *testing.T, l peers.Library) finding {
			switch {
			case l.Again != nil:
				return is(l.Again(nil) == nil, "%v", l.Again(nil))
			case l.Stop != nil && !l.UserMark:
				return is(l.Stop(nil) == nil, "%v", l.Stop(nil))
			}
			return missing("has no marks")
		},
	},
}

// canceled returns the error of a call that was canceled in the middle of a delay, and the cause.
func canceled(t *testing.T, l peers.Library) (err, cause error) {
	mustHaveErrors(l)
	cause = errors.New("the program is being shut down")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(time.Second, func() { cancel(cause) })
	_, err = prepare(l, peers.Plan{Attempts: 5, Delay: 10 * time.Second})(ctx, fails(errDown).f)
	return err, cause
}

type bigError struct{ _ [1024]byte }

func (e *bigError) Error() string { return "a failure with much to say" }

func mustHaveErrors(l peers.Library) {
	if l.NoErrors != "" {
		panic(peers.NotOffered(l.NoErrors))
	}
}

func oneLine(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}
