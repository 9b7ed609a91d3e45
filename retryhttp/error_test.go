package retryhttp_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/errtree/errtreetest"
	"github.com/callagain/retry/retryhttp"
)

// A wrapping counts how often anything is asked of it.
type wrapping struct {
	err   error
	asked *int
}

func (w wrapping) Error() string { *w.asked++; return "w: " + w.err.Error() }
func (w wrapping) Unwrap() error { *w.asked++; return w.err }

type leaf struct{ asked *int }

func (l leaf) Error() string { *l.asked++; return "x" }

// Classify asks each error a few times, however they are wrapped and joined: it takes time in proportion to their number.
func TestClassifyIsLinear(t *testing.T) {
	const size = 2000
	for name, build := range map[string]func(asked *int) error{
		"chain": func(asked *int) error {
			var err error = leaf{asked}
			for range size {
				err = wrapping{err, asked}
			}
			return err
		},
		"joined_one_by_one": func(asked *int) error {
			var err error
			for range size {
				err = errors.Join(err, leaf{asked})
			}
			return err
		},
		"joined_and_wrapped": func(asked *int) error {
			var err error
			for range size / 2 {
				err = fmt.Errorf("again: %w", errors.Join(err, wrapping{leaf{asked}, asked}))
			}
			return err
		},
	} {
		asked := 0
		if c := retryhttp.Classify(build(&asked)); c != retryhttp.MaybeApplied {
			t.Errorf("%s: the class is %v", name, c)
		}
		if asked > 2*size {
			t.Errorf("%s: %d errors were asked %d times", name, size, asked)
		}
	}
}

// Errors without an end have a class, and statuses.
func TestClassifyEndless(t *testing.T) {
	for _, err := range []error{new(errtreetest.Itself), new(errtreetest.Tree), errors.Join(new(errtreetest.Itself), io.EOF)} {
		if c := retryhttp.Classify(err); c != retryhttp.MaybeApplied {
			t.Errorf("the class is %v", c)
		}
		if retryhttp.Status(503)(err) || !retryhttp.Transient(err) || !retryhttp.Network(err) {
			t.Error("it isn't a failure of the network")
		}
	}
}

type nilError struct{ text string }

func (e *nilError) Error() string { return e.text }

// An error whose own code panics, as that of a nil pointer does, is an error nevertheless.
func TestClassifyErrorsThatPanic(t *testing.T) {
	var broken *nilError
	for _, err := range []error{broken, fmt.Errorf("x: %w", error(broken)), errors.Join(broken, io.EOF)} {
		if c := retryhttp.Classify(err); c != retryhttp.MaybeApplied || !retryhttp.Transient(err) {
			t.Errorf("the class is %v", c)
		}
		sent := 0
		tr := &retryhttp.Transport{Policy: three, Base: roundTripper(func(*http.Request) (*http.Response, error) { sent++; return nil, err })}
		if _, err := tr.RoundTrip(request(t, "GET", "http://service.example", nil)); sent != 3 || err == nil {
			t.Errorf("%d requests were sent", sent)
		}
	}
}

// Classes are seen through everything that package retry and others put around an error.
func TestTransient(t *testing.T) {
	gone := &retryhttp.StatusError{StatusCode: 410}
	busy := &retryhttp.StatusError{StatusCode: 503}
	for _, row := range []struct {
		err                error
		transient, network bool
	}{
		{nil, false, false},
		{io.EOF, true, true},
		{errors.New("unknown"), true, true},
		{gone, false, false},
		{busy, true, false},
		{retry.After(fmt.Errorf("x: %w", busy), 1), true, false},
		{errors.Join(io.EOF, gone), false, false},
		{&retry.Error{Reason: retry.ErrExhausted, Failures: []error{busy}}, false, false},
		{fmt.Errorf("x: %w", t.Context().Err()), true, true},
		{http.ErrSchemeMismatch, false, false},
	} {
		if got := retryhttp.Transient(row.err); got != row.transient {
			t.Errorf("Transient(%v) = %v", row.err, got)
		}
		if got := retryhttp.Network(row.err); got != row.network {
			t.Errorf("Network(%v) = %v", row.err, got)
		}
	}
}
