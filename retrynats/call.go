package retrynats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/callagain/retry/retrynats/internal/record"
	"github.com/nats-io/nats.go"
)

// A Call is a durable call: a handle, which holds nothing open.
type Call[R any] struct {
	// Existed reports whether the call was there already when it was started.
	Existed bool

	e   *Engine
	f   *function
	key string
}

// Call returns the call of a key, whether or not there is one.
func (f *Function[A, R]) Call(key string) *Call[R] { return &Call[R]{e: f.e, f: f.f, key: key} }

// Key returns the key.
func (c *Call[R]) Key() string { return c.key }

func (c *Call[R]) id() string { return record.ID(c.f.name, c.key) }

// Result waits for the end of the call, in whatever process it is made, and returns what retry.Get would have returned. Failures are
// of type [*Failure] then. If the call was canceled, the error is [ErrCanceled]. If ctx is over first, the call goes on.
func (c *Call[R]) Result(ctx context.Context) (R, error) {
	var v R
	r, err := c.wait(ctx)
	if err != nil {
		return v, fmt.Errorf("retrynats: result of %s %.100q: %w", c.f.name, c.key, err)
	}
	if r.State != record.Done {
		return v, failed(c.f.policy.Name, r)
	}
	if err := json.Unmarshal(r.Result, &v); err != nil {
		return v, fmt.Errorf("retrynats: the stored result of %s %.100q isn't a %T: %w", c.f.name, c.key, v, err)
	}
	return v, nil
}

// wait returns the record of the call when it is over.
func (c *Call[R]) wait(ctx context.Context) (*record.Record, error) {
	if err := c.e.usable(c.key); err != nil {
		return nil, err
	}
	changed := make(chan *nats.Msg, 16)
	sub, err := c.e.nc.ChanSubscribe(record.Events+c.id(), changed)
	if err != nil {
		return nil, err
	}
	defer sub.Unsubscribe()
	for {
		r, _, err := c.e.store.Load(ctx, c.id())
		switch {
		case err == nil && r.Over():
			return r, nil
		case errors.Is(err, ErrNotFound), errors.Is(err, ErrNewer), errors.Is(err, record.ErrUnreadable), c.e.life.Err() != nil:
			return nil, errors.Join(err, c.e.life.Err())
		}
		select {
		case <-changed:
		case <-time.After(5 * time.Second): // an event may get lost while a server is away
		case <-c.e.life.Done():
			return nil, ErrClosed
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// A State says where a call is.
type State string

// The states of a call.
const (
	Waiting  State = record.Waiting  // for its next attempt, or for a slot
	Running  State = record.Running  // an attempt is being made
	Done     State = record.Done     // it succeeded
	Dead     State = record.Dead     // it gave up, or failed for good
	Canceled State = record.Canceled // by Cancel
)

// Info is what is stored of a call.
type Info struct {
	Function string
	Key      string
	State    State
	Argument json.RawMessage
	Started  time.Time
	Ended    time.Time // zero if it hasn't
	Attempts int       // begun so far, crashed ones included
	Crashes  int       // since an attempt last came to an end
	Next     time.Time // when the next attempt is due, if it waits
	Worker   string    // that makes the attempt, if it is running
	Failures []Failure // the first and the latest, at most 8
	Reason   string    // why it is dead
	Result   json.RawMessage
}

// Info returns what is stored of the call.
func (c *Call[R]) Info(ctx context.Context) (Info, error) {
	err := c.e.usable(c.key)
	var r *record.Record
	if err == nil {
		r, _, err = c.e.store.Load(ctx, c.id())
	}
	if err != nil {
		return Info{}, fmt.Errorf("retrynats: look at %s %.100q: %w", c.f.name, c.key, err)
	}
	return info(r), nil
}

func info(r *record.Record) Info {
	i := Info{Function: r.Function, Key: r.Key, State: State(r.State), Argument: r.Argument, Started: r.Started, Ended: r.Ended, Attempts: r.Attempts, Crashes: r.Crashes.Attempts,
		Worker: r.Worker, Reason: r.Text, Result: r.Result}
	if r.State == record.Waiting {
		i.Next = r.Due
	}
	for _, f := range r.Failures {
		i.Failures = append(i.Failures, Failure{f.Attempt, f.At, f.Kind, f.Text})
	}
	return i
}
