package retry

import (
	"context"
	"sync"
)

// A context costs more to watch than a call costs to wait, so the calls that wait under
// one context share a watcher. Contexts that end together have the same Done channel.
var watched struct {
	sync.Mutex
	by map[<-chan struct{}]*watcher
}

type watcher struct {
	calls []sleeper
	stop  func() bool
}

// A sleeper is a call that waits, and can be woken before its time. Waking twice does
// nothing. It keeps its own place in the watcher's list, which is half the size of a map.
type sleeper interface {
	wake()
	place() *int32
}

// watch wakes s when ctx is over, unless it is unwatched by then.
func watch(ctx context.Context, s sleeper) {
	done := ctx.Done()
	if done == nil {
		return
	}
	watched.Lock()
	defer watched.Unlock()
	w := watched.by[done]
	if w == nil {
		w = new(watcher)
		if watched.by == nil {
			watched.by = make(map[<-chan struct{}]*watcher)
		}
		watched.by[done] = w
		w.stop = context.AfterFunc(ctx, func() { w.wakeAll(done) })
	}
	*s.place() = int32(len(w.calls))
	w.calls = append(w.calls, s)
}

// unwatch undoes watch.
func unwatch(ctx context.Context, s sleeper) {
	done := ctx.Done()
	if done == nil {
		return
	}
	watched.Lock()
	defer watched.Unlock()
	w := watched.by[done]
	i := int(*s.place())
	if w == nil || i >= len(w.calls) || w.calls[i] != s {
		return // ctx is over, and s on its way to be woken
	}
	last := len(w.calls) - 1
	w.calls[i] = w.calls[last]
	*w.calls[i].place() = int32(i)
	w.calls[last] = nil
	w.calls = w.calls[:last]
	if last == 0 {
		delete(watched.by, done)
		w.stop()
	}
}

func (w *watcher) wakeAll(done <-chan struct{}) {
	watched.Lock()
	if watched.by[done] == w {
		delete(watched.by, done)
	}
	calls := w.calls
	w.calls = nil
	watched.Unlock()
	for _, s := range calls {
		// Each in its own goroutine, so that one whose observer blocks doesn't hold up the others.
		go s.wake()
	}
}
