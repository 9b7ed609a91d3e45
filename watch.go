package retry

import (
	"context"
	"runtime"
	"sync"
	"time"
)

// A context costs more to watch than a call costs to wait, so the calls that wait under one context share a watcher.
// Contexts that end together have the same Done channel, which is the key. There is no lock for all: a watcher is armed,
// which runs the context's own code, before anybody else can see it, and disarmed when nobody can any more.
var watchers sync.Map // of watched to *watcher

// What is watched is a channel, by one clock: a timer of a synctest bubble must not be touched from outside.
type watched struct {
	done    <-chan struct{}
	virtual bool
}

// A sleeper waits, and is woken early if its context ends. It keeps its place in its watcher's list.
type sleeper struct {
	place int
	wake  func()
}

type watcher struct {
	mu       sync.Mutex // no foreign code runs under it
	sleepers []*sleeper
	gone     bool // from the map, or about to be
	over     bool // the context is
	disarm   func() bool
}

// watch has s woken when ctx is over, unless it is unwatched by then.
func watch(ctx context.Context, s *sleeper) {
	key := watched{ctx.Done(), virtual()}
	if key.done == nil {
		return
	}
	for {
		v, ok := watchers.Load(key)
		if !ok {
			w := new(watcher)
			w.disarm = arm(ctx, key.done, func() { w.wake(key) })
			if v, ok = watchers.LoadOrStore(key, w); ok {
				w.disarm() // somebody else was faster
			} else {
				v = w
			}
		}
		if v.(*watcher).add(s) {
			return
		}
		watchers.CompareAndDelete(key, v)
	}
}

// add reports whether s is seen to.
func (w *watcher) add(s *sleeper) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		go s.wake()
		return true
	}
	if w.gone {
		return false
	}
	s.place = len(w.sleepers)
	w.sleepers = append(w.sleepers, s)
	return true
}

// unwatch undoes watch.
func unwatch(ctx context.Context, s *sleeper) {
	key := watched{ctx.Done(), virtual()}
	v, ok := watchers.Load(key)
	if !ok {
		return // there is none, or it is waking everybody
	}
	if w := v.(*watcher); w.remove(s) {
		watchers.CompareAndDelete(key, v)
		w.disarm()
	}
}

// remove reports whether s was the last.
func (w *watcher) remove(s *sleeper) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := s.place
	if i >= len(w.sleepers) || w.sleepers[i] != s {
		return false
	}
	last := len(w.sleepers) - 1
	w.sleepers[i] = w.sleepers[last]
	w.sleepers[i].place = i
	w.sleepers[last] = nil
	w.sleepers = w.sleepers[:last]
	w.gone = last == 0
	return w.gone
}

// wake wakes all sleepers, each in a goroutine of its own: what it does then may block.
func (w *watcher) wake(key watched) {
	watchers.CompareAndDelete(key, w)
	w.mu.Lock()
	w.over, w.gone = true, true
	sleepers := w.sleepers
	w.sleepers = nil
	w.mu.Unlock()
	if key.virtual != virtual() {
		return // the bubble is over, or its clock decides
	}
	for i, s := range sleepers {
		go s.wake()
		if i%64 == 63 { // lets those that were woken use the same few goroutines one after the other
			runtime.Gosched()
		}
	}
}

// arm has f called in its own goroutine when ctx is over. It keeps no more of ctx than that takes: a watcher outlives the call whose
// context it was armed with.
func arm(ctx context.Context, done <-chan struct{}, f func()) (disarm func() bool) {
	a := &armed{done: done, ctx: ctx}
	disarm = context.AfterFunc(a, f)
	a.ctx = nil
	return disarm
}

// An armed context ends with another, and remembers of its values only what AfterFunc asked for when it was armed, which is
// the cancelable context that both are children of. Its Err doesn't depend on a context that closes Done before it says why.
type armed struct {
	done  <-chan struct{}
	ctx   context.Context // until it is armed
	key   any
	value any
}

func (a *armed) Deadline() (time.Time, bool) { return time.Time{}, false }
func (a *armed) Done() <-chan struct{}       { return a.done }

func (a *armed) Err() error {
	select {
	case <-a.done:
		return context.Canceled
	default:
		return nil
	}
}

func (a *armed) Value(key any) any {
	if a.key == nil && a.ctx != nil {
		a.key, a.value = key, a.ctx.Value(key)
	}
	if key == a.key {
		return a.value
	}
	return nil
}
