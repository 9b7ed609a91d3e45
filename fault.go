package retry

import (
	"errors"
	"fmt"
	"runtime"
)

var errGoexit = errors.New("runtime.Goexit was called in the call")

// A panicError is a panic in one goroutine that is passed on to another.
type panicError struct {
	value any
	stack []byte
}

func (p *panicError) Error() string {
	return fmt.Sprintf("panic in an attempt that retry made in another goroutine: %v\n\n%s", p.value, p.stack)
}

// Unwrap returns the panic's value if it's an error.
func (p *panicError) Unwrap() error {
	err, _ := p.value.(error)
	return err
}

// raise repeats in the caller's goroutine what ended another: a *panicError or errGoexit. Nil is nothing.
func raise(fault error) {
	if fault == errGoexit {
		runtime.Goexit()
	}
	if fault != nil {
		panic(fault)
	}
}
