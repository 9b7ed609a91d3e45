package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/callagain/retry/cmd/retry/internal/proc"
)

// outcomes is a set of ways a run can end: exit codes, as we would end with them, names of signals,
// and the words timeout and signal.
type outcomes map[string]bool

// parseOutcomes adds to a set what is in a list such as "1,75,100-110,KILL,timeout,signal".
func parseOutcomes(set *outcomes, s string) error {
	if *set == nil {
		*set = outcomes{}
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
		case part == "timeout", part == "signal":
			(*set)[part] = true
		case named:
			(*set)[proc.Name(sig)] = true
		case err1 != nil || err2 != nil || from > to:
			return fmt.Errorf("%q is not an exit code (0 to 255), a range such as 100-110, a signal such as KILL, nor timeout or signal", part)
		default:
			for code := from; code <= to; code++ {
				(*set)[strconv.Itoa(int(code))] = true
			}
		}
	}
	return nil
}

// has reports whether r ended in one of these ways. How a run that timed out then ended is
// nothing that it chose.
func (set outcomes) has(r *attempt) bool {
	if r.timedOut {
		return set["timeout"] || set[strconv.Itoa(codeTimeout)]
	}
	return set[strconv.Itoa(r.code&0xff)] || r.signal != 0 && (set["signal"] || set[proc.Name(r.signal)])
}

// overlaps reports whether a way to end is in both sets, by the same name.
func (set outcomes) overlaps(other outcomes) bool {
	for way := range set {
		if other[way] {
			return true
		}
	}
	return false
}

// within reports whether each way to end in the set is in other as well, by the same name.
func (set outcomes) within(other outcomes) bool {
	for way := range set {
		if !other[way] {
			return false
		}
	}
	return true
}
