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
	calls map[sleeper]struct{}
	stop  func() bool
}

// A sleeper is a call that waits, and can be woken before its time. Waking twice does nothing.
type sleeper interface{ wake() }

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
		w = &watcher{calls: make(map[sleeper]struct{})}
		if watched.by == nil {
			watched.by = make(map[<-chan struct{}]*watcher)
		}
		watched.by[done] = w
		w.stop = context.AfterFunc(ctx, func() { w.wakeAll(done) })
	}
	w.calls[s] = struct{}{}
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
	if w == nil {
		return
	}
	delete(w.calls, s)
	if len(w.calls) == 0 {
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
	for s := range calls {
		// Each in its own goroutine, so that one whose observer blocks doesn't hold up the others.
		go s.wake()
	}
}
