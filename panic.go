package retry

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"

	"github.com/callagain/retry/internal/redact"
)

// errPanicked is told as the end of a call that panicked or exited its goroutine.
var errPanicked = errors.New("the call panicked or exited its goroutine")

var errGoexit = errors.New("runtime.Goexit was called in the call")

// A panicError is a panic in one goroutine that is passed on to another.
type panicError struct {
	value any
	stack []byte
}

func (p *panicError) Error() string {
	return fmt.Sprintf("panic in an attempt that retry made in another goroutine: %s\n\n%s", panicValue(p.value), p.stack)
}

// Unwrap returns the panic's value if it is an error.
func (p *panicError) Unwrap() error {
	err, _ := p.value.(error)
	return err
}

// panicValue returns the text of a panic's value, whose own code may panic as well; fmt stands that.
func panicValue(v any) string { return cut(redact.String(fmt.Sprint(v)), longestText) }

// raise repeats in the caller's goroutine what ended another: a *panicError or errGoexit. Nil is nothing.
func raise(fault error) {
	if fault == errGoexit {
		runtime.Goexit()
	}
	if fault != nil {
		panic(fault)
	}
}

// logFault reports a panic, or a Goexit if v is nil, that there is nobody to pass on to, as net/http does for a handler.
func logFault(what string, v any, stack []byte) {
	defer func() { recover() }() // the handler of the log is foreign
	if v == nil {
		slog.Error("retry: "+what+" exited its goroutine", "stack", string(stack))
		return
	}
	slog.Error("retry: "+what+" panicked", "panic", panicValue(v), "stack", string(stack))
}
