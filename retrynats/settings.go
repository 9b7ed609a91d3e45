package retrynats

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/callagain/retry"
	"github.com/nats-io/nats.go"
)

// Settings say where calls are stored and how an [Engine] works. One of Dir and URL is needed; the zero value of everything else is a
// good choice.
type Settings struct {
	// Dir is the directory in which calls are stored. The first process that opens it runs the server, and others of the same user and
	// machine join it; if it dies, one of them takes over. It is made if it doesn't exist.
	Dir string

	// URL is that of a NATS server with JetStream, 2.12 or later, or of several, separated by commas.
	URL string

	// Options are for the connection to URL, such as credentials.
	Options []nats.Option

	// Replicas is the number of servers that store each call, when the streams are made. If it is 0, it is 3 in a cluster and otherwise 1.
	Replicas int

	// AtOnce limits the attempts that run at once in this engine. If it is 0, it is 256. Those of one function are limited by the option
	// [AtOnce] of [Register].
	AtOnce int

	// Lease is how long a worker may be silent until its attempts are thought to have crashed. If it is 0, it is 5 seconds. In a
	// directory the death of a process is noticed at once.
	Lease time.Duration

	// Crashes says when and how often to go on with a call after crashes: attempts whose process died. They aren't failed attempts,
	// and count anew when an attempt comes to an end. If it is the zero Policy, the delays are up to a second, two, and so on to ten
	// minutes, and a call whose process died ten times in a row is dead. Of the calls that crashed twice in a row, one at a time is run in a
	// process, so that the one that kills it does so without the others.
	Crashes retry.Policy

	// KeepResults is how long calls that are done or canceled are kept, and with them their results and keys. If it is 0, it is a day; the
	// smallest is a second.
	KeepResults time.Duration

	// KeepDead is how long dead calls are kept. If it is 0, they are kept until somebody deletes them.
	KeepDead time.Duration

	// MaxBytes limits the size of all calls together. New ones are refused with [ErrFull] at three quarters of it, since those that are
	// there need room to end. If it is 0, the disk is the limit.
	MaxBytes int64

	// Reserve is how much of the disk of Dir is left free by new calls, which are refused with [ErrFull]. If it is 0, it is 256 MB.
	Reserve int64

	// Log, if not nil, is told what an operator may want to know, such as a directory that was taken over. Policy.Observe is told of calls.
	Log *slog.Logger
}

func (s Settings) fill() (Settings, error) {
	switch {
	case (s.Dir == "") == (s.URL == ""):
		return s, errors.New("set one of Dir and URL")
	case s.AtOnce < 0, s.Lease < 0, s.KeepDead < 0, s.MaxBytes < 0, s.Reserve < 0, s.KeepResults < 0, s.Replicas < 0:
		return s, errors.New("a number is negative")
	case s.Lease > 0 && s.Lease < 100*time.Millisecond:
		return s, fmt.Errorf("the Lease is %v: a worker can't say often enough that it lives; use 100ms or more", s.Lease)
	case s.KeepResults > 0 && s.KeepResults < time.Second, s.KeepDead > 0 && s.KeepDead < time.Second:
		return s, errors.New("the settings KeepResults and KeepDead are a second or more")
	case s.Dir != "" && (len(s.Options) > 0 || s.Replicas > 1):
		return s, errors.New("the settings Options and Replicas are for a URL, not for a Dir")
	}
	if s.Crashes.Attempts == 0 && s.Crashes.Backoff == nil {
		s.Crashes.Attempts = 10
		s.Crashes.Backoff = retry.Exponential{Initial: time.Second, Max: 10 * time.Minute}
	}
	if s.Crashes.Budget != nil {
		return s, errors.New("the setting Crashes.Budget is set: a crash doesn't take from a budget")
	}
	if _, err := s.Crashes.Plan(); err != nil {
		return s, fmt.Errorf("the policy of Crashes: %w", err)
	}
	s.AtOnce = or(s.AtOnce, 256)
	s.Lease = or(s.Lease, 5*time.Second)
	s.KeepResults = or(s.KeepResults, 24*time.Hour)
	s.Reserve = or(s.Reserve, 256<<20)
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	s.Log = slog.New(guarded{s.Log.Handler()})
	return s, nil
}

// A guarded handler is one whose panics are nobody's end.
type guarded struct{ slog.Handler }

func (g guarded) Enabled(ctx context.Context, l slog.Level) (ok bool) {
	defer func() { recover() }()
	return g.Handler.Enabled(ctx, l)
}

func (g guarded) Handle(ctx context.Context, r slog.Record) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the handler panicked: %v", p)
		}
	}()
	return g.Handler.Handle(ctx, r)
}

func or[T comparable](v, other T) T {
	var zero T
	if v == zero {
		return other
	}
	return v
}
