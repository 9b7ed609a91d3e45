// Package errtree goes through what an error wraps, which may have no end: an error may wrap itself, and package errors
// would never return then.
package errtree

import (
	"fmt"
	"reflect"
)

const most = 10_000

// Walk calls visit with err and with what it wraps, in the order of [errors.Is], until visit returns false: with the error, whether it
// wraps nothing, and what visit returned for the error that wraps it. It reports whether it came to the end: of an error
// that wraps itself, or a tree of more than ten thousand, only a part is visited.
func Walk[T any](err error, visit func(err error, leaf bool, above T) (T, bool)) (whole bool) {
	type node struct {
		err   error
		above T
	}
	if err == nil {
		return true
	}
	var few [16]node
	var single [1]error
	rest := append(few[:0], node{err: err})
	whole = true
	for found := 1; len(rest) > 0; {
		at := rest[len(rest)-1]
		rest = rest[:len(rest)-1]
		var one error
		var many []error
		switch e := at.err.(type) {
		case interface{ Unwrap() error }:
			one = e.Unwrap()
		case interface{ Unwrap() []error }:
			many = e.Unwrap()
		}
		mine, more := visit(at.err, one == nil && len(many) == 0, at.above)
		if !more {
			return false
		}
		if one != nil {
			single[0] = one
			many = single[:]
		}
		if len(many) > most-found {
			many, whole = many[:max(most-found, 0)], false
		}
		found += len(many)
		for i := len(many) - 1; i >= 0; i-- {
			if many[i] != nil {
				rest = append(rest, node{many[i], mine})
			}
		}
	}
	return whole
}

// Find reports whether is returns true for err or for something that it wraps.
func Find(err error, is func(error) bool) (found bool) {
	Walk(err, func(e error, _ bool, _ struct{}) (none struct{}, more bool) {
		found = is(e)
		return none, !found
	})
	return found
}

// Is is [errors.Is] for an err that may have no end. The target isn't nil.
func Is(err, target error) bool {
	comparable := reflect.TypeOf(target).Comparable()
	return Find(err, func(err error) bool {
		e, ok := err.(interface{ Is(error) bool })
		return comparable && err == target || ok && e.Is(target)
	})
}

// AsType is [errors.AsType] for an err that may have no end.
func AsType[E error](err error) (found E, ok bool) {
	Find(err, func(err error) bool {
		if found, ok = err.(E); ok {
			return true
		}
		if e, has := err.(interface{ As(any) bool }); has {
			other := new(E)
			if ok = e.As(other); ok {
				found = *other
			}
		}
		return ok
	})
	return found, ok
}

// Endless reports whether err wraps more errors than anybody means, as one that wraps itself does.
func Endless(err error) bool {
	return !Walk(err, func(error, bool, struct{}) (none struct{}, more bool) { return none, true })
}

// Text returns the text of err. It stands a panic in err's own code, as that of an error that is a nil pointer.
func Text(err error) (text string) {
	defer func() {
		if v := recover(); v != nil {
			text = fmt.Sprintf("%T, whose Error method panicked", err)
		}
	}()
	return err.Error()
}
