package main

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"github.com/callagain/retry/cmd/retry/internal/proc"
)

// outcomes is a set of ways a run can end: exit codes, as we would end with them, signals,
// and the words timeout and signal.
type outcomes struct {
	codes           [256]bool
	signals         [65]bool
	timeout, signal bool
}

// parseOutcomes adds to a set what is in a list such as "1,75,100-110,KILL,timeout,signal".
func parseOutcomes(set **outcomes, s string) error {
	if *set == nil {
		*set = new(outcomes)
	}
	for part := range strings.SplitSeq(s, ",") {
		part = strings.TrimSpace(part)
		sig, named := proc.Named(part)
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, err1 := strconv.ParseUint(first, 10, 8)
		to, err2 := strconv.ParseUint(last, 10, 8)
		switch {
		case part == "timeout":
			(*set).timeout = true
		case part == "signal":
			(*set).signal = true
		case named:
			(*set).signals[sig] = true
		case err1 != nil || err2 != nil || from > to:
			return fmt.Errorf("%q is not an exit code (0 to 255), a range such as 100-110, a signal such as KILL, nor timeout or signal", part)
		default:
			for code := from; code <= to; code++ {
				(*set).codes[code] = true
			}
		}
	}
	return nil
}

// has reports whether r ended in one of these ways. How a run that timed out then ended is
// nothing that it chose.
func (set *outcomes) has(r *attempt) bool {
	switch {
	case set == nil:
		return false
	case r.timedOut:
		return set.timeout || set.codes[codeTimeout]
	case r.signal != 0 && set.signal, r.signal > 0 && r.signal < syscall.Signal(len(set.signals)) && set.signals[r.signal]:
		return true
	}
	return set.codes[r.code&0xff]
}

// overlaps reports whether a way to end is in both sets, by the same name.
func (set *outcomes) overlaps(other *outcomes) bool {
	if set == nil || other == nil {
		return false
	}
	for code, in := range set.codes {
		if in && other.codes[code] {
			return true
		}
	}
	for sig, in := range set.signals {
		if in && other.signals[sig] {
			return true
		}
	}
	return set.timeout && other.timeout || set.signal && other.signal
}
