package retry

import "reflect"

// An error may wrap itself. So whoever goes through what one wraps ends after so many errors, and descends no deeper than this
// where an error wraps several.
const (
	mostWrapped = 10_000
	deepest     = 1000
)

// is is [errors.Is] for the errors of others: it ends.
func is(err, target error) bool {
	s := search{target: target, comparable: reflect.TypeOf(target).Comparable(), left: mostWrapped}
	return s.in(err, 0)
}

type search struct {
	target     error
	comparable bool
	left       int
}

func (s *search) in(err error, depth int) bool {
	for depth < deepest && err != nil {
		if s.left--; s.left < 0 {
			return false
		}
		if s.comparable && err == s.target {
			return true
		}
		if e, ok := err.(interface{ Is(error) bool }); ok && e.Is(s.target) {
			return true
		}
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			err = e.Unwrap()
		case interface{ Unwrap() []error }:
			for _, err := range e.Unwrap() {
				if s.in(err, depth+1) {
					return true
				}
			}
			return false
		default:
			return false
		}
	}
	return false
}
