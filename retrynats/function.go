package retrynats

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrynats/internal/record"
	"github.com/callagain/retry/retrynats/internal/store"
)

// A Function makes durable calls. See [Register].
type Function[A, R any] struct {
	e *Engine
	f *function
}

type function struct {
	name   string
	policy retry.Policy
	run    func(ctx context.Context, argument json.RawMessage) (json.RawMessage, error) // nil if it is only started here
	slots  chan struct{}                                                                // nil if it has no limit of its own
}

// An Option of [Register] is for one function.
type Option func(*function) error

// AtOnce limits the attempts of the function that run at once in this engine to n, which is 1 or more. Calls beyond it wait in the
// stream. Settings.AtOnce is the limit of all functions together.
func AtOnce(n int) Option {
	return func(f *function) error {
		if n < 1 {
			return fmt.Errorf("the option AtOnce is %d: use 1 or more, or leave it out for no limit of its own", n)
		}
		f.slots = make(chan struct{}, n)
		return nil
	}
}

// Register makes f known under a name, which is letters, digits, - and _, with dots between. The engine begins to make attempts of its
// calls at once, those that other processes have started as well. If f is nil the process only starts calls, and others run them.
//
// Arguments and results are stored as JSON. p is used where it is: when a call is started, and after each of its attempts. If
// p.Name is empty, it is the name.
//
// f is given a context that [Current] says more of; it ends when the call is canceled, taken over, or left to another process by
// [Engine.Close]. A panic of f ends the call, like an error marked by retry.Stop.
func Register[A, R any](e *Engine, name string, p retry.Policy, f func(context.Context, A) (R, error), options ...Option) (*Function[A, R], error) {
	if err := record.CheckName(name); err != nil {
		return nil, fmt.Errorf("retrynats: register: %w", err)
	}
	p.Name = or(p.Name, name)
	if _, err := p.Plan(); err != nil {
		return nil, fmt.Errorf("retrynats: register %s: %w", name, err)
	}
	fn := &function{name: name, policy: p}
	for _, o := range options {
		if err := o(fn); err != nil {
			return nil, fmt.Errorf("retrynats: register %s: %w", name, err)
		}
	}
	if f != nil {
		fn.run = func(ctx context.Context, argument json.RawMessage) (json.RawMessage, error) {
			var a A
			if err := json.Unmarshal(argument, &a); err != nil {
				return nil, retry.Stop(fmt.Errorf("the stored argument isn't a %T: %w", a, err))
			}
			r, err := f(ctx, a)
			if err != nil {
				return nil, err
			}
			return result(r)
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed:
		return nil, fmt.Errorf("retrynats: register %s: %w", name, ErrClosed)
	case e.functions[name] != nil:
		return nil, fmt.Errorf("retrynats: register %s: it is registered already", name)
	}
	e.functions[name] = fn
	if fn.run != nil {
		e.takers.Go(func() { e.take(fn) })
	}
	return &Function[A, R]{e, fn}, nil
}

func result(r any) (json.RawMessage, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return nil, retry.Stop(fmt.Errorf("the result can't be stored: %w", err))
	}
	if len(b) > maxResult {
		return nil, retry.Stop(fmt.Errorf("%w: the result has %d bytes, and %d are possible: store it elsewhere and return its name", ErrTooLarge, len(b), maxResult))
	}
	return b, nil
}

// A record has room for the largest argument and the largest result beside each other.
const (
	maxArgument = 1 << 20
	maxResult   = 512 << 10
)

// Start stores a call and returns. The key says which call it is: if there is one of that key, Start returns that one, with
// Call.Existed set, or [ErrArgument] if its argument is another one.
//
// If the error is [ErrUnknown], or ctx was over, the call may have been stored or not; starting it again with the same key is the
// answer. Any other error means that it wasn't stored. The key is valid UTF-8 of 1 to 65,536 bytes, the argument at most 1 MB of JSON.
func (f *Function[A, R]) Start(ctx context.Context, key string, argument A) (*Call[R], error) {
	c, err := f.start(ctx, key, argument)
	if err != nil {
		return nil, fmt.Errorf("retrynats: start %s %.100q: %w", f.f.name, key, err)
	}
	return c, nil
}

func (f *Function[A, R]) start(ctx context.Context, key string, argument A) (*Call[R], error) {
	if err := f.e.usable(key); err != nil {
		return nil, err
	}
	b, err := json.Marshal(argument)
	if err != nil {
		return nil, fmt.Errorf("the argument can't be stored: %w", err)
	}
	if len(b) > maxArgument {
		return nil, fmt.Errorf("%w: the argument has %d bytes, and %d are possible: store it elsewhere and pass its name", ErrTooLarge, len(b), maxArgument)
	}
	now := time.Now()
	at, wait, end := f.f.policy.Next(retry.Position{}, now, nil)
	if end != nil {
		return nil, end
	}
	r := &record.Record{Function: f.f.name, Key: key, State: record.Waiting, Argument: b, Started: now, Due: now.Add(wait), Waited: wait, Position: at}
	c := &Call[R]{e: f.e, f: f.f, key: key}
	rev, err := f.e.store.Create(ctx, r)
	for errors.Is(err, store.ErrConflict) {
		var have *record.Record
		have, rev, err = f.e.store.Load(ctx, c.id())
		switch {
		case errors.Is(err, ErrNotFound): // it has been kept long enough, just now
			rev, err = f.e.store.Create(ctx, r)
			continue
		case err != nil && !errors.Is(err, ErrNewer):
			return nil, err
		case !bytes.Equal(have.Argument, b):
			return nil, ErrArgument
		}
		if c.Existed = true; err == nil && have.State == record.Waiting {
			f.e.wake(have, rev) // whoever started it may have died before doing so
		}
		return c, nil
	}
	if err != nil {
		return nil, err
	}
	f.e.wake(r, rev)
	return c, nil
}

// usable reports why a key, or the engine, can't be used.
func (e *Engine) usable(key string) error {
	e.mu.Lock()
	closed := e.closed
	e.mu.Unlock()
	if closed {
		return ErrClosed
	}
	return record.CheckKey(key)
}

// wake wakes a call without waiting for it. What is lost, because the process dies, the sweep finds.
func (e *Engine) wake(r *record.Record, rev uint64) {
	ack, err := e.store.Tick(r, rev, 0)
	go func() {
		if err == nil {
			select {
			case <-ack.Ok():
				return
			case <-ack.Err():
			case <-e.life.Done():
				return
			}
		}
		e.store.Wake(e.life, r, rev, 0)
	}()
}
