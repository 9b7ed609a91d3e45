package retrynats

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrynats/internal/record"
	"github.com/callagain/retry/retrynats/internal/store"
)

// Cancel ends a call: one that waits before its next attempt, and one whose attempt is running by ending the attempt's context,
// whatever the attempt then returns. The error is [ErrState] if the call has ended, and [ErrNotFound] if there is none.
func (f *Function[A, R]) Cancel(ctx context.Context, key string) error {
	var before *record.Record
	r, rev, err := f.change(ctx, "cancel", key, func(r *record.Record) error {
		if r.Over() {
			return fmt.Errorf("%w: it is %s", ErrState, r.State)
		}
		b := *r
		before = &b
		r.State, r.Ended, r.Worker = record.Canceled, time.Now(), ""
		return nil
	})
	if err != nil {
		return err
	}
	id := record.ID(f.f.name, key)
	f.e.gone(id, rev)
	if before.State == record.Waiting {
		if b := f.f.policy.Budget; b != nil && before.Position.Attempts > 0 {
			b.Return() // the retry it was taken for isn't made
		}
		c, cancel := context.WithTimeout(f.e.life, 2*time.Second)
		defer cancel()
		f.e.store.Unschedule(c, id)
	}
	f.e.ended(f.f, r, failed(f.f.policy.Name, r))
	return nil
}

// Again begins a dead or canceled call anew, with the same argument, as if no attempt had been made; its failures stay listed and its
// attempts go on being numbered. It is what to do when whatever it failed by was repaired. The error is [ErrState] if
// the call isn't dead or canceled, and [ErrNotFound] if there is none.
func (f *Function[A, R]) Again(ctx context.Context, key string) error {
	_, _, err := f.change(ctx, "begin again", key, func(r *record.Record) error {
		if r.State != record.Dead && r.State != record.Canceled {
			return fmt.Errorf("%w: it is %s", ErrState, r.State)
		}
		now := time.Now()
		at, wait, end := f.f.policy.Next(retry.Position{}, now, nil)
		if end != nil {
			return end
		}
		r.State, r.Position, r.Crashes, r.Due, r.Waited = record.Waiting, at, retry.Position{}, now.Add(wait), wait
		r.Ended, r.Reason, r.Text = time.Time{}, "", ""
		return nil
	})
	return err
}

// Delete deletes a call that has ended, so that its key is free. The error is [ErrState] if it hasn't ended, and [ErrNotFound] if there
// is none.
func (f *Function[A, R]) Delete(ctx context.Context, key string) error {
	err := f.e.usable(key)
	for err == nil {
		var r *record.Record
		var rev uint64
		if r, rev, err = f.e.store.Load(ctx, record.ID(f.f.name, key)); err == nil && !r.Over() {
			err = fmt.Errorf("%w: it is %s; cancel it first", ErrState, r.State)
		}
		if err != nil {
			break
		}
		if err = f.e.store.Delete(ctx, rev); err == nil {
			return nil
		}
		if errors.Is(err, store.ErrConflict) {
			err = nil
		}
	}
	return fmt.Errorf("retrynats: delete %s %.100q: %w", f.f.name, key, err)
}

// change changes a record by compare and set, and wakes the call if it waits then. It returns the record, and the revision that it was
// made from.
func (f *Function[A, R]) change(ctx context.Context, what, key string, edit func(*record.Record) error) (*record.Record, uint64, error) {
	err := f.e.usable(key)
	for err == nil {
		var r *record.Record
		var rev uint64
		// A newer record isn't touched: what this version doesn't know of it would be lost.
		if r, rev, err = f.e.store.Load(ctx, record.ID(f.f.name, key)); err == nil {
			err = edit(r)
		}
		if err != nil {
			break
		}
		var now uint64
		if now, err = f.e.store.Change(ctx, r, rev, f.e.keep(r)); err == nil {
			if r.State == record.Waiting {
				f.e.wake(r, now)
			}
			return r, rev, nil
		}
		if errors.Is(err, store.ErrConflict) {
			err = nil
		}
	}
	return nil, 0, fmt.Errorf("retrynats: %s %s %.100q: %w", what, f.f.name, key, err)
}
