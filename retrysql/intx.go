package retrysql

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/callagain/retry"
)

// Options say what kind of transaction [InTx] makes. The zero value is that of the database.
type Options struct {
	Isolation sql.IsolationLevel // 0: the driver's or database's default

	// ReadOnly makes a read-only transaction. If its COMMIT gets no answer it is retried, since nothing can be applied twice.
	ReadOnly bool

	// Outcome finds out whether a transaction took effect whose COMMIT got no answer. If it is nil, the call ends with
	// [ErrUnknown] then.
	Outcome Outcome

	// Grace is how long COMMIT or ROLLBACK, and asking for the outcome, may take after the context is over. If it is 0, it is
	// 2 seconds; if it is negative, there is none.
	Grace time.Duration

	// Guard is for MySQL and MariaDB; see there.
	Guard Guard

	// Hedge, if not nil, makes a second transaction beside the first when that is slow, and returns the first success or, if the failure isn't
	// [Transient], the first failure; see [retry.HedgeSettings]. It is for [GetTx] with ReadOnly. f runs more than once at the same
	// time, so it must change nothing but what it returns. Transactions that don't win are canceled. State must be set, and be shared by
	// the calls that read the same from the same databases. Drop is not used. A hedge is part of its attempt: the policy sees one result. Settings that make
	// no sense panic.
	Hedge *retry.HedgeSettings

	// Replicas are the databases of the second and further transactions of a Hedge, in turn. If there are none, it is the one that the
	// function is called with: then a hedge helps against a connection that is slow, and not against a slow server.
	Replicas []*sql.DB
}

// InTx calls f in a transaction of db, and commits it if f returns nil. If the database says that it may help, the whole transaction
// is retried, with another call of f, as p says. If p.RetryIf is nil, it is [Transient].
//
// f must do its work by tx alone, with the context it is given; it must not end tx. It should return the errors of its statements,
// wrapped or not. It is called more than once, so it must not change what isn't undone by a rollback; what it
// computes is best returned by [GetTx]. A panic in f rolls back.
//
// The error is nil only if the transaction was committed. If a failure isn't retried, InTx returns it as it is, and if there is no
// further attempt to make, a [*retry.Error]. If errors.Is(err, ErrUnknown), the transaction may have taken effect; in all other
// cases it did not, and no part of it. If ctx ends before COMMIT is sent, the transaction is rolled back; if it ends later, InTx waits
// up to Options.Grace for the answer, and returns nil if that says that the transaction was committed.
//
// Statements on tx aren't repeated by database/sql, as those on a [sql.DB] may be. A nil o is like one of zero values.
func InTx(ctx context.Context, db *sql.DB, p retry.Policy, o *Options, f func(ctx context.Context, tx *sql.Tx) error) error {
	if o == nil {
		o = &Options{}
	}
	return Run(ctx, p, o, beginner(db, o), func(ctx context.Context, tx Tx) error { return f(ctx, tx.(sqler).sql()) })
}

// GetTx is like [InTx] for a function that also returns a value. It returns the value of the last call of f, also with an error.
func GetTx[T any](ctx context.Context, db *sql.DB, p retry.Policy, o *Options, f func(ctx context.Context, tx *sql.Tx) (T, error)) (T, error) {
	if o == nil {
		o = &Options{}
	}
	return Get(ctx, p, o, beginner(db, o), func(ctx context.Context, tx Tx) (T, error) { return f(ctx, tx.(sqler).sql()) })
}

// beginner returns a function that begins transactions of db or, for a hedge, of a replica.
func beginner(db *sql.DB, o *Options) func(context.Context) (Tx, error) {
	return func(ctx context.Context) (Tx, error) {
		if n := retry.Hedged(ctx); n > 1 && o.Hedge != nil && len(o.Replicas) > 0 {
			return beginSQL(ctx, o.Replicas[(n-2)%len(o.Replicas)], o)
		}
		return beginSQL(ctx, db, o)
	}
}

func beginSQL(ctx context.Context, db *sql.DB, o *Options) (Tx, error) {
	opts := &sql.TxOptions{Isolation: o.Isolation, ReadOnly: o.ReadOnly}
	if o.Guard.on(db) && !o.ReadOnly {
		return beginGuarded(ctx, db, opts)
	}
	tx, err := db.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	return sqlTx{tx}, nil
}

type sqlTx struct{ *sql.Tx }

// A sqler is a sqlTx, or a guarded one.
type sqler interface{ sql() *sql.Tx }

func (t sqlTx) sql() *sql.Tx { return t.Tx }

func (t sqlTx) Exec(ctx context.Context, query string) error {
	_, err := t.ExecContext(ctx, query)
	return err
}

func (t sqlTx) Query(ctx context.Context, query string) (s string, err error) {
	err = t.QueryRowContext(ctx, query).Scan(&s)
	return s, err
}

func (t sqlTx) Commit(context.Context) error {
	err := t.Tx.Commit()
	switch {
	case err == nil:
		return nil
	case says(err, "commit unexpectedly resulted in rollback"), // pgx: ErrTxCommitRollback
		says(err, "pq: could not complete operation in a failed transaction"): // lib/pq: ErrInFailedTransaction
		return fmt.Errorf("%w: %w", ErrRolledBack, err)
	case codeOf(err).sqlite == 1 && strings.Contains(err.Error(), "no transaction is active"):
		// SQLite rolls back when a statement is interrupted, for example. There is nothing to make again safely.
		return retry.Stop(fmt.Errorf("%w: %w, and the statements that followed took effect one by one: %w", ErrUnknown, ErrRolledBack, err))
	}
	return err
}

func (t sqlTx) Rollback(context.Context) error { return t.Tx.Rollback() }
