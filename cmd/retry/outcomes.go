package main

import (
	"fmt"
	"strconv"
	"strings"
)

// outcomes is a set of ways a run can end: exit codes, and the words timeout and signal.
type outcomes struct {
	codes           [256]bool
	timeout, signal bool
}

// parseOutcomes reads a list such as "1,75,100-110,timeout,signal".
func parseOutcomes(s string) (*outcomes, error) {
	set := new(outcomes)
	for part := range strings.SplitSeq(s, ",") {
		switch part = strings.TrimSpace(part); part {
		case "timeout":
			set.timeout = true
		case "signal":
			set.signal = true
		default:
			first, last, isRange := strings.Cut(part, "-")
			if !isRange {
				last = first
			}
			from, err1 := strconv.ParseUint(first, 10, 8)
			to, err2 := strconv.ParseUint(last, 10, 8)
			if err1 != nil || err2 != nil || from > to {
				return nil, fmt.Errorf("%q is not an exit code (0 to 255), a range such as 100-110, timeout or signal", part)
			}
			for code := from; code <= to; code++ {
				set.codes[code] = true
			}
		}
	}
	return set, nil
}

// has reports whether r ended in one of these ways. A run that timed out, or that died of a
// signal, is that and nothing else: how it then ended is no exit code of its own choice.
func (set *outcomes) has(r *attempt) bool {
	switch {
	case set == nil:
		return false
	case r.timedOut:
		return set.timeout
	case r.signal != 0:
		return set.signal
	}
	return set.codes[r.code]
}
