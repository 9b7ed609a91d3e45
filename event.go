package retry

import (
	"context"
	"log/slog"
	"strconv"
	"time"
)

// A Kind says what an [Event] tells of.
type Kind int

const (
	Retrying  Kind = iota + 1 // an attempt failed, and another one is scheduled
	Succeeded                 // the call ended well
	GaveUp                    // the call ended with an error
)

// String returns "retrying", "succeeded" or "gave up".
func (k Kind) String() string {
	switch k {
	case Retrying:
		return "retrying"
	case Succeeded:
		return "succeeded"
	case GaveUp:
		return "gave up"
	}
	return "Kind(" + strconv.Itoa(int(k)) + ")"
}

// An Event is what [Policy.Observe] is told: one Retrying for each failure that another
// attempt is scheduled after, and exactly one Succeeded or GaveUp for each call.
type Event struct {
	Kind    Kind
	Name    string        // the policy's
	Attempt int           // attempts made so far; 0 if the call ended before the first
	Err     error         // the failure, if Retrying; what the call returns, if GaveUp
	Delay   time.Duration // before the next attempt, if Retrying
	Elapsed time.Duration // since the call began
}

// LogValue groups the event's fields for [log/slog]. The user info and the query of
// a URL in the error's text are left out.
func (e Event) LogValue() slog.Value {
	attrs := make([]slog.Attr, 0, 5)
	if e.Name != "" {
		attrs = append(attrs, slog.String("name", e.Name))
	}
	attrs = append(attrs, slog.Int("attempt", e.Attempt))
	if e.Kind == Retrying {
		attrs = append(attrs, slog.Duration("delay", e.Delay))
	}
	attrs = append(attrs, slog.Duration("elapsed", e.Elapsed))
	if e.Err != nil {
		attrs = append(attrs, slog.String("err", text(e.Err)))
	}
	return slog.GroupValue(attrs...)
}

// Log returns a [Policy.Observe] that writes to l, which must not be nil: a warning for each failure that another
// attempt follows, an error when a call gives up, and for information when one succeeds
// after more than one attempt. A call that succeeds at once is logged at the debug level. The
// message is the event's kind, its fields are in the group "retry".
func Log(l *slog.Logger) func(context.Context, Event) {
	if l == nil {
		panic("retry: Log of a nil *slog.Logger")
	}
	return func(ctx context.Context, e Event) {
		level := slog.LevelDebug
		switch {
		case e.Kind == Retrying:
			level = slog.LevelWarn
		case e.Kind == GaveUp:
			level = slog.LevelError
		case e.Attempt > 1:
			level = slog.LevelInfo
		}
		l.LogAttrs(ctx, level, e.Kind.String(), slog.Any("retry", e))
	}
}

// Observers returns a [Policy.Observe] that tells each of observe in turn. Nil ones are passed over.
func Observers(observe ...func(context.Context, Event)) func(context.Context, Event) {
	return func(ctx context.Context, e Event) {
		for _, o := range observe {
			if o != nil {
				o(ctx, e)
			}
		}
	}
}
