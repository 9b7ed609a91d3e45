package retrynats

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/callagain/retry/retrynats/internal/record"
	"github.com/nats-io/nats.go/jetstream"
)

// leases are what this worker holds, and what it knows of others.
type leases struct {
	length time.Duration

	mu      sync.Mutex
	ticks   map[jetstream.Msg]struct{} // kept from being delivered to others
	running map[string]*attempt        // by the call's ID
	silent  map[string]silence         // other workers that don't answer
}

// An attempt is one that is running here.
type attempt struct {
	revision uint64 // of the record that claims it; 0 while that is being stored
	end      context.CancelCauseFunc
	also     []jetstream.Msg // other ticks of the same call that came meanwhile
	ended    uint64          // a revision that was ended while that is being stored, and why
	cause    error
}

func newLeases(length time.Duration) *leases {
	return &leases{length: length, ticks: map[jetstream.Msg]struct{}{}, running: map[string]*attempt{}, silent: map[string]silence{}}
}

func (l *leases) hold(m jetstream.Msg) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ticks[m] = struct{}{}
}

func (l *leases) drop(m jetstream.Msg) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.ticks, m)
}

func (l *leases) held() []jetstream.Msg {
	l.mu.Lock()
	defer l.mu.Unlock()
	ms := make([]jetstream.Msg, 0, len(l.ticks))
	for m := range l.ticks {
		ms = append(ms, m)
	}
	return ms
}

// begin notes that an attempt of a call is about to be claimed, or returns false if there is one: then m is left to that.
func (l *leases) begin(id string, a *attempt, m jetstream.Msg) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b := l.running[id]; b != nil {
		b.also = append(b.also, m)
		return false
	}
	l.running[id] = a
	return true
}

func (l *leases) claimed(a *attempt, revision uint64) {
	l.mu.Lock()
	a.revision = revision
	ended, cause := a.ended == revision, a.cause
	l.mu.Unlock()
	if ended {
		a.end(cause)
	}
}

// finish notes the end of an attempt, and returns the other ticks that came for it.
func (l *leases) finish(id string, a *attempt) []jetstream.Msg {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running[id] == a {
		delete(l.running, id)
	}
	for _, m := range a.also {
		delete(l.ticks, m)
	}
	return a.also
}

// join gives a tick to the attempt that is running of its call, if it is that of the revision.
func (l *leases) join(id string, revision uint64, m jetstream.Msg) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.running[id]
	if a == nil || !a.is(revision) {
		return false
	}
	a.also = append(a.also, m)
	return true
}

// has reports whether the attempt is running that is asked for in the form of question.
func (l *leases) has(q string) bool {
	id, rev, _ := strings.Cut(q, " ")
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.running[id]
	n, _ := strconv.ParseUint(rev, 10, 64)
	return a != nil && a.is(n)
}

func (a *attempt) is(revision uint64) bool { return a.revision == 0 || a.revision == revision }

func question(id string, revision uint64) string { return id + " " + strconv.FormatUint(revision, 10) }

// cancel ends the context of the attempt of a revision.
func (l *leases) cancel(id string, revision uint64, cause error) {
	l.mu.Lock()
	a := l.running[id]
	ok := a != nil && a.revision == revision
	if a != nil && a.revision == 0 {
		a.ended, a.cause = revision, cause
	}
	l.mu.Unlock()
	if ok {
		a.end(cause) // runs what others have hung on the context
	}
}

func (l *leases) revisions() map[string]uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := make(map[string]uint64, len(l.running))
	for id, a := range l.running {
		if a.revision != 0 {
			m[id] = a.revision
		}
	}
	return m
}

// beat keeps the leases of what is held, and the server's schedules on time.
func (e *Engine) beat() {
	t := time.NewTicker(e.set.Lease / 4)
	defer t.Stop()
	// A stopped process or a suspended machine doesn't beat. Some clocks go on then and some don't, so it asks both.
	last, scheduled := time.Now(), time.Time{}
	connection := e.nc.Stats().Reconnects
	for {
		select {
		case <-t.C:
		case <-e.life.Done():
			return
		}
		for _, m := range e.lease.held() {
			m.InProgress()
		}
		now := time.Now()
		if now.Sub(last) > e.set.Lease || now.Round(0).Sub(last.Round(0)) > e.set.Lease {
			go e.set.Log.Warn("retrynats: this worker was stopped for longer than its lease", "for", now.Round(0).Sub(last.Round(0)))
			go e.recheck()
		} else if c := e.nc.Stats().Reconnects; c != connection && e.nc.IsConnected() {
			connection = c
			go e.recheck() // what others have said meanwhile isn't known
		}
		last = now
		if now.Sub(scheduled) >= 5*time.Second {
			scheduled = now
			e.store.Beat()
		}
	}
}

// recheck ends the attempts here whose calls were canceled or taken over.
func (e *Engine) recheck() {
	for id, rev := range e.lease.revisions() {
		r, now, err := e.store.Load(e.life, id)
		switch {
		case err == nil && now != rev && r.State == record.Canceled:
			e.lease.cancel(id, rev, ErrCanceled)
		case err == nil && now != rev, errors.Is(err, ErrNotFound):
			e.lease.cancel(id, rev, errLost)
		}
	}
}
