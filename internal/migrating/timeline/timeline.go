// Package timeline compares a program before and after its migration: when attempts are made, what is told of them, and how the
// call ends.
package timeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// ErrGone is a failure that programs don't retry.
var ErrGone = errors.New("gone")

// A Call retries fetch.
type Call func(ctx context.Context, fetch func(context.Context) error) error

// A Pair is a program before and after.
type Pair struct {
	Name          string
	Before, After Call
	Skip          []string // scripts for which they differ, as the page says
}

// A script is what fetch meets.
type script struct {
	name     string
	failures []error
	cancel   time.Duration // when the caller cancels; 0 for never
	slow     time.Duration // how long an attempt takes
}

var scripts = []script{
	{name: "success"},
	{name: "fails twice", failures: []error{io.EOF, io.EOF}},
	{name: "fails for good", failures: slices.Repeat([]error{io.EOF}, 200)},
	{name: "gone", failures: []error{io.EOF, fmt.Errorf("load: %w", ErrGone)}},
	{name: "canceled", failures: slices.Repeat([]error{io.EOF}, 200), cancel: 1500 * time.Millisecond},
	{name: "slow", failures: slices.Repeat([]error{io.EOF}, 200), slow: 300 * time.Millisecond},
}

// notes is what the run in progress was told.
var notes []string

// Note is what a program's hook calls before each retry.
func Note(err error, delay time.Duration) { notes = append(notes, fmt.Sprint(err, " ", delay)) }

// A Run is what came of a call.
type Run struct {
	At    []time.Duration // when the attempts began
	Notes []string
	Err   error
}

// Of makes the call in a bubble with virtual time. What is recorded ends at attempt 150.
func Of(t *testing.T, call Call, cancel, slow time.Duration, failures ...error) (r Run) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		notes = nil
		began := time.Now()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		if cancel > 0 {
			time.AfterFunc(cancel, stop)
		}
		r.Err = call(ctx, func(context.Context) error {
			if len(r.At) == 150 {
				stop()
			}
			r.At = append(r.At, time.Since(began))
			time.Sleep(slow)
			if len(failures) == 0 {
				return nil
			}
			err := failures[0]
			failures = failures[1:]
			return err
		})
		r.Notes = notes
	})
	return r
}

// Same makes t fail if a program doesn't do the same before and after: attempts at the same times, the same told to its hook, and
// an end of the same kind.
func Same(t *testing.T, pairs ...Pair) {
	t.Helper()
	for _, p := range pairs {
		for _, s := range scripts {
			if slices.Contains(p.Skip, s.name) {
				continue
			}
			t.Run(p.Name+", "+s.name, func(t *testing.T) {
				before, after := Of(t, p.Before, s.cancel, s.slow, s.failures...), Of(t, p.After, s.cancel, s.slow, s.failures...)
				if len(before.At) == 0 || !slices.Equal(before.At, after.At) {
					t.Errorf("attempts were made at %v before, and at %v after", before.At, after.At)
				}
				if !slices.Equal(before.Notes, after.Notes) {
					t.Errorf("the hook was told %q before, and %q after", before.Notes, after.Notes)
				}
				if (before.Err == nil) != (after.Err == nil) {
					t.Errorf("the error was %v before, and is %v after", before.Err, after.Err)
				}
				// What was found before is found after. More may be: the failures beside the cancellation, for example.
				kinds := []error{io.EOF, context.Canceled}
				if errors.Is(before.Err, ErrGone) {
					kinds = []error{ErrGone} // what isn't retried is returned as it is, without what failed before it
				}
				for _, kind := range kinds {
					if errors.Is(before.Err, kind) && !errors.Is(after.Err, kind) {
						t.Errorf("the error was %v before, which is %v; %v isn't", before.Err, kind, after.Err)
					}
				}
			})
		}
	}
}
