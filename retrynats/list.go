package retrynats

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/callagain/retry/retrynats/internal/record"
	"github.com/callagain/retry/retrynats/internal/store"
)

// Calls returns an iterator over the calls of the function that are in one of the states, or all of them if none is given, in the
// order in which they last changed. It ends with an error if they can't be read. A call that changes meanwhile may come twice or not at
// all.
func (f *Function[A, R]) Calls(ctx context.Context, states ...State) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		left := false
		err := f.e.store.Scan(ctx, f.f.name, true, func(h store.Head) bool {
			if len(states) > 0 && !slices.Contains(states, State(h.State)) {
				return true
			}
			r, err := record.Decode(h.ID, h.Data)
			if err != nil {
				left = !yield(Info{Function: f.f.name, State: State(h.State), Attempts: h.Attempts, Next: h.Due}, fmt.Errorf("retrynats: read %s: %w", h.ID, err))
			} else {
				left = !yield(info(r), nil)
			}
			return !left
		})
		if err != nil && !left {
			yield(Info{}, fmt.Errorf("retrynats: list the calls of %s: %w", f.f.name, err))
		}
	}
}

// Count returns how many calls of the function there are in each state. It reads headers only, which is several times faster than
// Calls. A call that changes meanwhile may be counted twice or not at all.
func (f *Function[A, R]) Count(ctx context.Context) (map[State]int, error) {
	n := map[State]int{}
	err := f.e.store.Scan(ctx, f.f.name, false, func(h store.Head) bool {
		n[State(h.State)]++
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("retrynats: count the calls of %s: %w", f.f.name, err)
	}
	return n, nil
}
