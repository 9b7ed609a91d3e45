package retrynats

import (
	"time"

	"github.com/callagain/retry/retrynats/internal/record"
)

// A silence is that of a worker since the first question that it hasn't answered. It is made of questions that aren't far apart, by one
// connection: if that was lost, the worker's may have been too.
type silence struct {
	since, asked time.Time
	connection   uint64
}

// heard notes whether a worker has answered on a connection, and returns for how long it hasn't.
func (l *leases) heard(worker string, answers bool, connection uint64) time.Duration {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if answers {
		delete(l.silent, worker)
		return 0
	}
	s := l.silent[worker]
	if !l.goesOn(s, now, connection) {
		for w, s := range l.silent {
			if now.Sub(s.asked) > 100*l.length {
				delete(l.silent, w)
			}
		}
		s = silence{since: now, connection: connection}
	}
	s.asked = now
	l.silent[worker] = s
	return now.Sub(s.since)
}

// quiet returns for how long a worker is known to be silent.
func (l *leases) quiet(worker string, connection uint64) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s, now := l.silent[worker], time.Now(); l.goesOn(s, now, connection) {
		return now.Sub(s.since)
	}
	return 0
}

// goesOn reports whether a silence is still that of its last question. A tick that is put back comes again much earlier, and one whose
// putting back was lost after a lease.
func (l *leases) goesOn(s silence, now time.Time, connection uint64) bool {
	return !s.since.IsZero() && s.connection == connection && now.Sub(s.asked) <= 2*l.length
}

// alive reports whether the worker that has claimed an attempt may still be at it. One that can't be reached may be on its way back: it
// is dead after a lease of silence. A process of the same directory is known to be dead at once.
func (e *Engine) alive(r *record.Record, rev uint64) bool {
	if e.dead(r.Worker) {
		return false
	}
	connection := e.nc.Stats().Reconnects
	if e.lease.quiet(r.Worker, connection) >= e.set.Lease {
		return false
	}
	yes, err := e.ask(r, rev)
	if err != nil && (!e.nc.IsConnected() || e.nc.Stats().Reconnects != connection) {
		return true // it is us who can't be reached
	}
	return e.lease.heard(r.Worker, err == nil, connection) < e.set.Lease && (yes || err != nil)
}

// dead reports whether a worker is known not to be at any attempt that isn't running here.
func (e *Engine) dead(worker string) bool {
	return worker == e.name || e.host != nil && e.host.Gone(worker)
}

// ask asks a worker whether it is at an attempt.
func (e *Engine) ask(r *record.Record, rev uint64) (bool, error) {
	m, err := e.nc.Request(record.Workers+r.Worker, []byte(question(record.ID(r.Function, r.Key), rev)), 500*time.Millisecond)
	return err == nil && string(m.Data) == "yes", err
}
