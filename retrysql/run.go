package retrysql

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/errtree"
)

// A Tx is what [Run] needs of a transaction. InTx makes one of a [database/sql.Tx].
type Tx interface {
	// Exec executes a statement that returns no rows.
	Exec(ctx context.Context, query string) error

	// Query returns the first column of the first row as text, or sql.ErrNoRows.
	Query(ctx context.Context, query string) (string, error)

	// Commit and Rollback end the transaction and give its connection back. They return an error that is sql.ErrTxDone if the
	// transaction has ended already, and Commit one that is [ErrRolledBack] if the server rolled back instead.
	Commit(ctx context.Context) error
	Rollback(ctx context.Context) error
}

// Run is [InTx] for transactions of any kind, such as those of an object-relational mapper. begin begins a transaction, and f does its
// work in it. Isolation, ReadOnly and Guard of the options are for begin to obey. A nil o is like one of zero values.
//
// The context of begin is also the transaction's: it is canceled when the transaction is over, and outlives ctx by Options.Grace.
func Run(ctx context.Context, p retry.Policy, o *Options, begin func(context.Context) (Tx, error), f func(context.Context, Tx) error) error {
	if o == nil {
		o = &Options{}
	}
	if o.Hedge != nil {
		return fmt.Errorf("retrysql: %w: Options.Hedge needs a function that returns what it has read, since it runs more than once at the same time: use GetTx or Get", retry.ErrInvalid)
	}
	r := newRun(o, begin, f)
	if o.Outcome != nil && !o.ReadOnly {
		if err := o.Outcome.check(); err != nil {
			return fmt.Errorf("retrysql: %w: %w", retry.ErrInvalid, err)
		}
		r.oracle = o.Outcome.oracle()
	}
	retryIf := p.RetryIf
	if retryIf == nil {
		retryIf = Transient
	}
	p.RetryIf = func(err error) bool {
		// To ask again does no harm, whatever the policy thinks of the failure.
		return r.pending != nil && errtree.Is(err, ErrUnknown) || retryIf(err)
	}
	return retry.Do(ctx, p, r.attempt)
}

// Get is like [Run] for a function that also returns a value. It returns the value of the last call of f, also with an error.
func Get[T any](ctx context.Context, p retry.Policy, o *Options, begin func(context.Context) (Tx, error), f func(context.Context, Tx) (T, error)) (T, error) {
	if o != nil && o.Hedge != nil {
		return hedge(ctx, p, o, begin, f)
	}
	var v T
	err := Run(ctx, p, o, begin, func(ctx context.Context, tx Tx) (err error) {
		v, err = f(ctx, tx)
		return err
	})
	return v, err
}

var errEnded = errors.New("the function ended the transaction itself, which it must leave to InTx")

// A run is one call of Run.
type run struct {
	begin    func(context.Context) (Tx, error)
	f        func(context.Context, Tx) error
	oracle   oracle // nil if there is no Outcome
	readOnly bool
	grace    time.Duration
	pending  *unknown // what became of the last transaction: nothing is retried before it is settled
	witness  witness  // of the last transaction
}

func newRun(o *Options, begin func(context.Context) (Tx, error), f func(context.Context, Tx) error) *run {
	return &run{grace: cmp.Or(o.Grace, 2*time.Second), begin: begin, f: f, readOnly: o.ReadOnly}
}

func (r *run) attempt(ctx context.Context) error {
	if r.pending != nil {
		l := newLife(ctx, r.grace)
		committed, err := r.ask(l)
		l.end()
		if committed || err != nil {
			return err
		}
	}
	l := newLife(ctx, r.grace)
	defer l.end()
	err := r.transact(ctx, l)
	if r.pending == nil {
		return err
	}
	// Whether it took effect is asked at once, in a transaction of its own.
	failure := r.pending.err
	switch committed, err := r.ask(l); {
	case committed || err != nil:
		return err
	}
	return fmt.Errorf("COMMIT got no answer, and the transaction didn't take effect: %w", failure)
}

// transact makes the transaction once. If COMMIT got no answer, and the database can be asked for the outcome, it sets r.pending.
func (r *run) transact(ctx context.Context, l *life) error {
	tx, err := r.begin(l)
	if err != nil {
		return err
	}
	open := true
	rollback := func() error {
		open = false
		return l.bounded(tx.Rollback)
	}
	defer func() {
		if open { // a panic, or runtime.Goexit
			rollback()
		}
	}()
	// fail returns the error of an attempt that is rolled back.
	fail := func(err error) error {
		if errtree.Is(rollback(), sql.ErrTxDone) && l.Err() == nil {
			return retry.Stop(fmt.Errorf("%w: %w: %w", ErrUnknown, errEnded, err))
		}
		return err
	}
	if !l.prolong() {
		return fail(context.Cause(ctx))
	}
	if r.oracle != nil {
		if err := r.oracle.before(ctx, tx); err != nil {
			return r.refused(l, fail(err))
		}
	}
	if err := r.f(ctx, tx); err != nil {
		return fail(err)
	}
	if r.oracle != nil {
		if r.witness, err = r.oracle.after(ctx, tx); err != nil {
			return fail(err)
		}
	}
	if c, ok := tx.(checker); ok {
		if err := c.check(ctx); err != nil {
			return fail(err)
		}
	}
	if ctx.Err() != nil {
		return fail(context.Cause(ctx))
	}
	open = false
	return r.committed(ctx, l.bounded(tx.Commit))
}

// A checker is a Tx that finds out before COMMIT whether the transaction still is the one that was begun.
type checker interface {
	check(context.Context) error
}

// committed returns what the answer to COMMIT says.
func (r *run) committed(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case errtree.Is(err, sql.ErrTxDone):
		return retry.Stop(fmt.Errorf("%w: %w: %w", ErrUnknown, errEnded, err))
	case rolledBack(err) || r.readOnly:
		return err
	}
	u := &unknown{err: err, settled: new(atomic.Bool)}
	if ctx.Err() != nil {
		u.ended = []error{context.Cause(ctx), ctx.Err()}
	}
	if r.oracle == nil {
		return retry.Stop(u)
	}
	r.pending = u
	return u
}

// ask asks for the outcome of r.pending. If it isn't known, ask returns an error; otherwise r.pending is settled.
func (r *run) ask(l *life) (committed bool, err error) {
	committed, err = r.consult(l, r.witness)
	if err != nil {
		again := *r.pending
		again.asked = err
		r.pending = &again
		return false, r.pending
	}
	r.pending.settled.Store(true)
	r.pending = nil
	return committed, nil
}

func (r *run) consult(l *life, w witness) (bool, error) {
	l.prolong()
	var committed bool
	err := l.bounded(func(ctx context.Context) (err error) {
		committed, err = w.ask(ctx, r.begin)
		return err
	})
	return err == nil && committed, err // if err isn't nil, committed may still be written
}

// refused returns what it means that the oracle couldn't begin.
func (r *run) refused(l *life, err error) error {
	if Transient(err) {
		return err
	}
	switch committed, askErr := r.consult(l, r.oracle); {
	case committed:
		return retry.Stop(ErrApplied)
	case Transient(askErr): // err may be of a row that is there
		return fmt.Errorf("asking whether this is done already: %w (%w)", askErr, err)
	}
	return err
}
