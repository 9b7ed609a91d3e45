package retrysim

import (
	"errors"
	"fmt"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/pull"
)

// builtin reports whether the delays of b can be had from a position alone.
func builtin(b retry.Backoff) bool {
	switch b.(type) {
	case nil, retry.Exponential, retry.Constant, retry.List:
		return true
	}
	return false
}

// probe asks a foreign Backoff for its first delays.
func probe(b retry.Backoff) error {
	n := 0
	for d := range b.Delays() {
		if n++; d < 0 {
			return fmt.Errorf("delay %d is %v; it must not be negative", n, d)
		}
		if n == 16 {
			break
		}
	}
	if n == 0 {
		return errors.New("it has no delays, so there would be no attempt")
	}
	return nil
}

// A foreign holds the iterators of a Backoff that isn't of package retry, one for each call in progress. Next would begin them anew each time,
// and get different delays from those that are random.
type foreign struct {
	backoff retry.Backoff
	pulls   map[uint32]steps
	list    retry.List
}

type steps struct {
	next func() (time.Duration, bool)
	stop func()
}

// at returns a schedule that has the next delay of the call where Next looks for it.
func (f *foreign) at(index uint32, delays int) retry.Backoff {
	p, ok := f.pulls[index]
	if !ok {
		p.next, p.stop = pull.Pull(f.backoff.Delays())
		f.pulls[index] = p
	}
	for len(f.list) <= delays {
		f.list = append(f.list, 0)
	}
	d, ok := p.next()
	if !ok {
		return f.list[:delays]
	}
	f.list[delays] = d
	return f.list[:delays+1]
}

func (f *foreign) end(index uint32) {
	if p, ok := f.pulls[index]; ok {
		delete(f.pulls, index)
		p.stop()
	}
}

// close ends all of them, whether or not one panics.
func (f *foreign) close() {
	var fault any
	for index := range f.pulls {
		func() {
			defer func() {
				if v := recover(); v != nil {
					fault = v
				}
			}()
			f.end(index)
		}()
	}
	if fault != nil {
		panic(fault)
	}
}
