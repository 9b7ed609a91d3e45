package retryhttp

import "fmt"

const mostErrors = 10_000

// walk calls visit with err and with what it wraps, depth first: with the error, whether it wraps nothing, and what visit
// returned for the error that wraps it. It reports whether it came to the end: of an error that wraps itself, or a tree of
// more than mostErrors, only a part is visited.
func walk[T any](err error, visit func(err error, leaf bool, above T) T) (whole bool) {
	type node struct {
		err   error
		above T
	}
	var few [16]node
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
		mine := visit(at.err, one == nil && len(many) == 0, at.above)
		if one != nil {
			many = append(many, one)
		}
		if len(many) > mostErrors-found {
			many, whole = many[:max(mostErrors-found, 0)], false
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

// textOf returns the text of err. It stands a panic in err's own code, as that of an error that is a nil pointer.
func textOf(err error) (text string) {
	defer func() {
		if v := recover(); v != nil {
			text = fmt.Sprintf("%T, whose Error method panicked", err)
		}
	}()
	return err.Error()
}
