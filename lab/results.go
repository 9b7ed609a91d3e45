package main

import (
	"context"
	"errors"
	"runtime"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/callagain/retry/retrysim"
)

// A question is one policy, and where it is tried.
type question struct {
	Side
	World
}

// results remembers the answers to the latest questions: while a slider of one policy moves, what came of the other one is known.
type results struct {
	mu     sync.Mutex
	known  map[question]*retrysim.Result
	latest []question
}

const mostKnown = 32

func (r *results) get(q question) *retrysim.Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.known[q]
}

func (r *results) put(q question, result *retrysim.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil {
		r.known = map[question]*retrysim.Result{}
	}
	if r.known[q] == nil {
		r.latest = append(r.latest, q)
	}
	r.known[q] = result
	if len(r.latest) > mostKnown {
		delete(r.known, r.latest[0])
		r.latest = r.latest[1:]
	}
}

// ask answers a question. It tells how far it is in simulated time.
func (r *results) ask(ctx context.Context, s Setup, side Side, progress func(time.Duration)) (*retrysim.Result, error) {
	q := question{side, s.World}
	if result := r.get(q); result != nil {
		progress(s.For)
		return result, nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c := s.scenario(side)
	c.Progress = func(now time.Duration) {
		progress(now)
		if live() > mostMemory {
			if runtime.GC(); live() > mostMemory { // others may have ended since the last one
				cancel(errMemory)
			}
		}
	}
	result, err := retrysim.Run(ctx, c)
	if err == nil {
		r.put(q, result)
	}
	return result, err
}

// mostMemory is what simulations may keep at the same time: calls that are never answered stay in memory. The process has up to twice as much.
var mostMemory uint64 = 1 << 30

var errMemory = errors.New("this needs too much memory, since too many calls are in progress at the same time: use retrysim.Run")

// live returns the memory that was in use at the last garbage collection.
func live() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
