package retry

import (
	"context"
	"log/slog"
	"time"
)

// An Event tells [Policy.Observe] of a failure that is retried, or of the end of a call, and [HedgeSettings.Observe] of
// a hedge or the end of a call. There is exactly one end for each call.
type Event struct {
	Name    string        // the policy's
	Call    uint64        // which call this is: a number that is unique in the process
	Began   time.Time     // when the call began
	Attempt int           // attempts made so far, since the last Progress; 0 if the call ended before the first
	Retry   bool          // whether another attempt follows; if not, the call has ended
	Delay   time.Duration // before the next attempt, if Retry
	Err     error         // the failure, if Retry; or else what the call returns, nil for a success
	Reason  error         // why the call gave up, as in Error.Reason; nil if it didn't
	Waited  time.Duration // the sum of the delays so far
	Elapsed time.Duration // since the call began or the last Progress

	Hedge int // the attempt of a Hedge that was started or refused, or whose result is returned; 0 otherwise

	over            error // the caller's ctx.Err()
	hedged, refused bool  // the event isn't an end, but tells of a hedge
}

// Outcome returns what the event says in one word, for metrics:
//
//	"retrying"   the attempt failed, and another one follows
//	"succeeded"  the call succeeded
//	"stopped"    the failure is not to be retried; the call returns it as it is
//	"canceled"   the caller canceled the context
//	"exhausted"  the call gave up: no attempts are left
//	"late"       the call gave up: no time is left, or the deadline of the context is over
//	"budget"     the call gave up: the budget is exhausted
//	"invalid"    the policy can't be used, or a Loop or Around was used wrongly
//	"panicked"   a panic or runtime.Goexit ended the call
//	"hedging"    another attempt is started beside those that run
//	"refused"    another attempt would have been, but the budget or MaxInFlight refused it
func (e Event) Outcome() string {
	switch {
	case e.Retry:
		return "retrying"
	case e.refused:
		return "refused"
	case e.hedged:
		return "hedging"
	case e.Reason == nil && e.Err == nil:
		return "succeeded"
	case e.Reason == nil:
		return "stopped"
	case e.Reason == errPanicked:
		return "panicked"
	case e.over != nil:
		if is(e.over, context.DeadlineExceeded) {
			return "late"
		}
		return "canceled"
	case is(e.Reason, ErrExhausted):
		return "exhausted"
	case is(e.Reason, ErrBudget):
		return "budget"
	case is(e.Reason, ErrInvalid):
		return "invalid"
	case is(e.Reason, context.DeadlineExceeded):
		return "late"
	}
	return "canceled" // context.Canceled, or a cause of the caller's own
}

// Level returns the level at which [Log] logs the event:
//
//	Debug  a success at the first attempt; a failure that was stopped at the first attempt; a cancellation by the caller; a hedge
//	Info   a success or a stop after more than one attempt
//	Warn   a retry
//	Error  giving up, and a panic
func (e Event) Level() slog.Level {
	switch e.Outcome() {
	case "retrying":
		return slog.LevelWarn
	case "succeeded", "stopped":
		if e.Attempt > 1 {
			return slog.LevelInfo
		}
		return slog.LevelDebug
	case "canceled", "hedging", "refused":
		return slog.LevelDebug
	}
	return slog.LevelError
}

// LogValue returns the fields of the event as a group. Secrets in URLs are left out of the error's text.
func (e Event) LogValue() slog.Value {
	attrs := make([]slog.Attr, 0, 7)
	if e.Name != "" {
		attrs = append(attrs, slog.String("name", e.Name))
	}
	if e.Call != 0 {
		attrs = append(attrs, slog.Uint64("call", e.Call))
	}
	attrs = append(attrs, slog.Int("attempt", e.Attempt))
	if e.Hedge != 0 {
		attrs = append(attrs, slog.Int("hedge", e.Hedge))
	}
	if e.Retry || e.hedged {
		attrs = append(attrs, slog.Duration("delay", e.Delay))
	}
	attrs = append(attrs, slog.Duration("elapsed", e.Elapsed))
	if e.Err != nil {
		attrs = append(attrs, slog.String("err", text(e.Err, longestText)))
	}
	return slog.GroupValue(attrs...)
}

// Log returns a function for [Policy.Observe] that logs each event to l at the event's [Event.Level]. The message is the
// event's [Event.Outcome], and its fields are in the group "retry". Log panics if l is nil.
func Log(l *slog.Logger) func(context.Context, Event) {
	if l == nil {
		panic("retry: Log of a nil *slog.Logger")
	}
	return func(ctx context.Context, e Event) {
		if level := e.Level(); l.Enabled(ctx, level) {
			l.LogAttrs(ctx, level, e.Outcome(), slog.Any("retry", e))
		}
	}
}
