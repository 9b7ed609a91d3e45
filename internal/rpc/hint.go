// Package rpc has what retrygrpc and retryconnect share: what servers ask of a client whose call failed, and how long the stream of an
// attempt lasts.
package rpc

import (
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/callagain/retry"
)

// A Hint is what servers ask of a client whose call failed. The zero value is nothing.
type Hint struct {
	Wait  time.Duration // the longest
	Given bool          // a server says when to come back
	Stop  bool          // a server doesn't want a retry
}

// Later adds that a server says to come back after wait, if ok.
func (h *Hint) Later(wait time.Duration, ok bool) {
	if ok {
		h.Wait, h.Given = max(h.Wait, wait), true
	}
}

// Pushback adds the values of grpc-retry-pushback-ms (gRFC A6). What makes no sense means that the server wants no retry.
func (h *Hint) Pushback(values []string) {
	switch len(values) {
	case 0:
	case 1:
		wait, ok := Number(values[0], time.Millisecond)
		h.Later(wait, ok)
		h.Stop = h.Stop || !ok
	default:
		h.Stop = true
	}
}

// Mark marks a failed request of [retry.Hedge], so that no other one is sent before the time that the server asks for.
func (h Hint) Mark(err error) error {
	switch {
	case h.Stop:
		return retry.After(err, math.MaxInt64)
	case h.Given:
		return retry.After(err, h.Wait)
	}
	return err
}

// Number parses a number of units from 0 up. One that is too large for a Duration is the largest.
func Number(s string, unit time.Duration) (time.Duration, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, false
	}
	if n > math.MaxInt64/int64(unit) {
		return math.MaxInt64, true
	}
	return time.Duration(n) * unit, true
}

// Hints collects what servers ask for. It may be used by any number of goroutines.
type Hints struct {
	mu  sync.Mutex
	all Hint
}

// Add adds what one server asks for.
func (h *Hints) Add(one Hint) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all.Later(one.Wait, one.Given)
	h.all.Stop = h.all.Stop || one.Stop
}

// All returns what they ask for together.
func (h *Hints) All() Hint {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all
}
