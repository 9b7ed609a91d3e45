package errtree

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"testing"

	"github.com/callagain/retry/internal/errtree/errtreetest"
)

type broken struct{ text string }

func (e *broken) Error() string { return e.text }

func TestEndlessErrorsEnd(t *testing.T) {
	huge := error(io.EOF)
	for range most {
		huge = fmt.Errorf("%w", huge)
	}
	for _, err := range []error{new(errtreetest.Itself), new(errtreetest.Tree), fmt.Errorf("%w", new(errtreetest.Tree)), errors.Join(io.EOF, new(errtreetest.Itself)), huge, errors.Join(make10k()...)} {
		if !Endless(err) {
			t.Errorf("%T ends", err)
		}
		if Find(err, func(error) bool { return false }) {
			t.Errorf("found in %T", err)
		}
	}
	for _, err := range []error{nil, io.EOF, errors.Join(io.EOF, io.EOF), fmt.Errorf("%w %w", io.EOF, errors.Join(io.EOF))} {
		if Endless(err) {
			t.Errorf("%v has no end", err)
		}
	}
}

func make10k() []error {
	return slices.Repeat([]error{io.EOF}, most)
}

func TestTheOrderIsThatOfPackageErrors(t *testing.T) {
	a, b, c, d := errors.New("a"), errors.New("b"), errors.New("c"), errors.New("d")
	err := fmt.Errorf("%w %w", fmt.Errorf("%w %w", a, b), errors.Join(c, d))
	var leaves, asked []error
	Walk(err, func(e error, leaf bool, depth int) (int, bool) {
		if leaf {
			leaves = append(leaves, e)
			if depth != 2 {
				t.Errorf("%v is at depth %d", e, depth)
			}
		}
		return depth + 1, true
	})
	if !slices.Equal(leaves, []error{a, b, c, d}) {
		t.Error(leaves)
	}
	if !Find(err, func(e error) bool { asked = append(asked, e); return e == b }) || len(asked) != 4 {
		t.Errorf("asked %v", asked)
	}
}

// An odd error is another one if it's asked.
type odd []string // which can't be compared

func (e odd) Error() string        { return "odd" }
func (e odd) Is(target error) bool { return target == io.EOF }
func (e odd) As(target any) bool {
	path, ok := target.(**fs.PathError)
	if ok {
		*path = &fs.PathError{Op: "odd"}
	}
	return ok
}

func TestIsAndAsTypeAreThoseOfPackageErrors(t *testing.T) {
	path := &fs.PathError{Op: "open", Err: io.ErrUnexpectedEOF}
	all := []error{nil, io.EOF, path, odd{}, fmt.Errorf("%w", path), fmt.Errorf("%w", odd{}), errors.Join(io.EOF, path), errors.Join(io.ErrNoProgress, fmt.Errorf("%w", odd{}))}
	for _, err := range all {
		for _, target := range []error{io.EOF, io.ErrUnexpectedEOF, path, odd{}} {
			if got, want := Is(err, target), errors.Is(err, target); got != want {
				t.Errorf("Is(%v, %v) is %v", err, target, got)
			}
		}
		got, ok := AsType[*fs.PathError](err)
		want, is := errors.AsType[*fs.PathError](err)
		if ok != is || ok && got.Op != want.Op {
			t.Errorf("AsType of %v is %v, %v", err, got, ok)
		}
	}
	for _, err := range []error{new(errtreetest.Itself), new(errtreetest.Tree)} {
		if _, ok := AsType[*fs.PathError](err); ok || Is(err, io.ErrNoProgress) {
			t.Errorf("found in %T", err)
		}
	}
}

// Adapters look into each failure several times.
func TestWrappingCostsNoAllocation(t *testing.T) {
	err := fmt.Errorf("%w", fmt.Errorf("%w", errors.Join(io.EOF, fmt.Errorf("%w", io.ErrNoProgress))))
	if n := testing.AllocsPerRun(10, func() { Is(err, io.ErrUnexpectedEOF); AsType[*fs.PathError](err) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestATextThatPanicsIsText(t *testing.T) {
	if got := Text((*broken)(nil)); got != "*errtree.broken, whose Error method panicked" {
		t.Error(got)
	}
	if got := Text(io.EOF); got != "EOF" {
		t.Error(got)
	}
}
