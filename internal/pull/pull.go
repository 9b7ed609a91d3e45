// Package pull steps through an iterator that is foreign code, or has foreign code between its steps.
package pull

import (
	"iter"
	"runtime"
)

// Pull is like [iter.Pull], but seq runs in a goroutine. A coroutine ends the whole process if a function locks its thread between two
// steps and keeps it, as those do that change a thread's namespace, or if another goroutine than its own calls yield while it is locked.
//
// A panic in seq, or a Goexit, is that of the caller of next or stop, as with iter.Pull. Neither may be called by two goroutines at once.
func Pull[V any](seq iter.Seq[V]) (next func() (V, bool), stop func()) {
	p := &puller[V]{seq: seq}
	return p.next, p.stop
}

type puller[V any] struct {
	seq    iter.Seq[V]
	asks   chan bool // for another value; false for the end
	values chan V    // closed at the end
	over   bool
	fault  any // a panic's value
	exited bool
}

func (p *puller[V]) next() (v V, ok bool) {
	if p.over {
		return v, false
	}
	if p.asks == nil {
		p.asks, p.values = make(chan bool), make(chan V)
		go p.run()
	} else {
		p.asks <- true
	}
	if v, ok = <-p.values; !ok {
		p.end()
	}
	return v, ok
}

func (p *puller[V]) stop() {
	switch {
	case p.over:
	case p.asks == nil:
		p.over = true
	default:
		p.asks <- false
		<-p.values
		p.end()
	}
}

// end is called when run has ended.
func (p *puller[V]) end() {
	p.over = true
	switch {
	case p.fault != nil:
		panic(p.fault)
	case p.exited:
		runtime.Goexit()
	}
}

func (p *puller[V]) run() {
	p.exited = true
	defer func() {
		if p.exited {
			p.fault = recover()
		}
		close(p.values)
	}()
	stopped := false
	p.seq(func(v V) bool {
		if stopped {
			return false
		}
		p.values <- v
		stopped = !<-p.asks
		return !stopped
	})
	p.exited = false
}
