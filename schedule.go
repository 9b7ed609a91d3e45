package retry

import (
	"fmt"
	"reflect"
	"time"
)

// concrete returns b without the pointer or the nil that may stand for one of this package's own types. A user's type that embeds one
// of them is left as it is: its Delays counts.
func concrete(b Backoff) Backoff {
	switch b := b.(type) {
	case nil:
		return Exponential{}
	case *Exponential:
		return *b
	case *Constant:
		return *b
	case *List:
		return *b
	}
	return b
}

// never reports whether b itself never ends.
func never(b Backoff) bool {
	switch b.(type) {
	case nil, Exponential, Constant, *Exponential, *Constant:
		return true
	}
	return false
}

// checkBackoff reports what makes b unusable.
func checkBackoff(b Backoff) error {
	switch b := b.(type) {
	case nil:
		return nil
	case Exponential:
		return b.check()
	case Constant:
		return b.check()
	case List:
		return b.check()
	}
	switch v := reflect.ValueOf(b); v.Kind() {
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Chan:
		if v.IsNil() {
			return fmt.Errorf("%w: Backoff is a nil %T", ErrInvalid, b)
		}
	}
	switch b.(type) {
	case *Exponential, *Constant, *List:
		return checkBackoff(concrete(b))
	}
	return nil
}

// step takes the next delay of b if it is one of this package's own types, which go from one delay to the next by a place
// alone. The cases are written out since an interface would cost an allocation.
func step(b Backoff, at place, floor time.Duration) (d time.Duration, next place, ok, own bool) {
	switch b := b.(type) {
	case nil:
		d, next, ok = Exponential{}.step(at, floor)
	case Exponential:
		d, next, ok = b.step(at, floor)
	case Constant:
		d, next, ok = b.step(at, floor)
	case List:
		d, next, ok = b.step(at)
	case *Exponential:
		d, next, ok = b.step(at, floor)
	case *Constant:
		d, next, ok = b.step(at, floor)
	case *List:
		d, next, ok = b.step(at)
	default:
		return 0, at, false, false
	}
	return d, next, ok, true
}

// replay takes the next delay of b for a call that is stored in between: what can't be stepped through is ranged over again, up to
// there.
func replay(b Backoff, at place, floor time.Duration) (time.Duration, place, bool) {
	d, next, ok, own := step(b, at, floor)
	if own {
		return d, next, ok
	}
	return ranged(b, at)
}

// ranged is apart from replay since the body of its loop makes at escape.
func ranged(b Backoff, at place) (time.Duration, place, bool) {
	delays := b.Delays()
	if delays == nil {
		return none, at, true // invalid, as any negative delay
	}
	n := 0
	for d := range delays {
		if n == at.delays {
			at.delays++
			return d, at, true
		}
		n++
	}
	return 0, at, false
}
