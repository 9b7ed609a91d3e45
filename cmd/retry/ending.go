package main

import (
	"errors"
	"syscall"

	"github.com/callagain/retry"
	"github.com/callagain/retry/cmd/retry/internal/proc"
)

// An ending is how the call ended.
type ending struct {
	code   int
	kind   string // succeeded, exhausted, stopped, timeout, budget, signal or error
	why    string
	signal syscall.Signal // that told us to stop
}

// end says how the call ended that err came of.
func (c *call) end(err error) ending {
	code := codeOurs
	if c.last != nil {
		code = c.last.exitCode()
	}
	gaveUp := code // where nothing but the number of attempts or the delay was in the way
	if c.exhaustedCode >= 0 {
		gaveUp = c.exhaustedCode
	}
	sig := proc.ToldBy(c.told)
	switch {
	case c.last != nil && c.last.broken != nil:
		return ending{code: codeOurs, kind: "error", why: c.last.broken.Error()}
	case err == nil:
		return ending{code: 0, kind: "succeeded", why: "success"}
	case sig != 0:
		return ending{code: codeSignal + int(sig), kind: "signal", why: (&proc.Told{Signal: sig}).Error(), signal: sig}
	case errors.Is(err, retry.ErrInvalid):
		return ending{code: codeOurs, kind: "error", why: err.Error()}
	case errors.Is(err, retry.ErrExhausted):
		return ending{code: gaveUp, kind: "exhausted", why: "attempts used up"}
	case c.late:
		return ending{code: codeTimeout, kind: "timeout", why: "no time left after the last attempt"}
	case errors.Is(err, retry.ErrBudget):
		return ending{code: gaveUp, kind: "budget", why: "the budget " + c.options.budget + " allows no retry now"}
	case errors.Is(err, retry.ErrTooLate):
		var e *retry.Error
		why := "no time left"
		if errors.As(err, &e) {
			why = e.Reason.Error()
		}
		if c.within > 0 {
			gaveUp = codeTimeout
		}
		return ending{code: gaveUp, kind: "timeout", why: why}
	}
	why := "not worth another attempt"
	if c.last != nil && c.last.final != "" {
		why = c.last.final
	}
	return ending{code: code, kind: "stopped", why: why}
}
