// Package retrypgx retries PostgreSQL transactions as a whole, for programs that use pgx without database/sql. It is package
// [retrysql] for pgx's own pool and types; what is retried and why is told there.
package retrypgx

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysql"
	"github.com/jackc/pgx/v5"
)

// A Beginner begins transactions. A *pgxpool.Pool is one. So is a *pgx.Conn, but a connection that was lost doesn't come back.
type Beginner interface {
	BeginTx(context.Context, pgx.TxOptions) (pgx.Tx, error)
}

// Options say what kind of transaction [InTx] makes. The zero value is that of the database.
type Options struct {
	// Tx is given to BeginTx. If its AccessMode is pgx.ReadOnly, the transaction is retried when its COMMIT gets no answer,
	// since nothing can be applied twice.
	Tx pgx.TxOptions

	// Outcome finds out whether a transaction took effect whose COMMIT got no answer: a retrysql.XactStatus or
	// retrysql.Ledger. If it is nil, the call ends with retrysql.ErrUnknown then.
	Outcome retrysql.Outcome

	// Grace is how long COMMIT or ROLLBACK, and asking for the outcome, may take after the context is over. If it is 0, it is
	// 2 seconds; if it is negative, there is none.
	Grace time.Duration

	// Hedge, if not nil, hedges [GetTx] where Tx.AccessMode is pgx.ReadOnly, as in retrysql.Options. The second and further transactions
	// are those of Replicas, in turn; of the same Beginner, which must be a pool then, if there are none.
	Hedge    *retry.HedgeSettings
	Replicas []Beginner
}

// InTx calls f in a transaction of db, and commits it if f returns nil. If the database says that it may help, the whole transaction
// is retried, with another call of f, as p says. If p.RetryIf is nil, it is [retrysql.Transient]. A nil o is like one of
// zero values. [retrysql.InTx] tells what f must do, what the error means, and what happens when ctx ends.
func InTx(ctx context.Context, db Beginner, p retry.Policy, o *Options, f func(ctx context.Context, tx pgx.Tx) error) error {
	begin, run := o.prepare(db)
	return retrysql.Run(ctx, p, run, begin, func(ctx context.Context, tx retrysql.Tx) error { return f(ctx, tx.(pgxTx).tx) })
}

// GetTx is like [InTx] for a function that also returns a value. It returns the value of the last call of f, also with an error.
func GetTx[T any](ctx context.Context, db Beginner, p retry.Policy, o *Options, f func(ctx context.Context, tx pgx.Tx) (T, error)) (T, error) {
	begin, run := o.prepare(db)
	return retrysql.Get(ctx, p, run, begin, func(ctx context.Context, tx retrysql.Tx) (T, error) { return f(ctx, tx.(pgxTx).tx) })
}

// prepare returns what package retrysql has to know.
func (o *Options) prepare(db Beginner) (begin func(context.Context) (retrysql.Tx, error), run *retrysql.Options) {
	if o == nil {
		o = &Options{}
	}
	begin = func(ctx context.Context) (retrysql.Tx, error) {
		from := db
		if n := retry.Hedged(ctx); n > 1 && o.Hedge != nil && len(o.Replicas) > 0 {
			from = o.Replicas[(n-2)%len(o.Replicas)]
		}
		tx, err := from.BeginTx(ctx, o.Tx)
		if err != nil {
			return nil, err
		}
		return pgxTx{tx}, nil
	}
	return begin, &retrysql.Options{ReadOnly: o.Tx.AccessMode == pgx.ReadOnly, Outcome: o.Outcome, Grace: o.Grace, Hedge: o.Hedge}
}

type pgxTx struct{ tx pgx.Tx }

func (t pgxTx) Exec(ctx context.Context, query string) error {
	_, err := t.tx.Exec(ctx, query)
	return err
}

func (t pgxTx) Query(ctx context.Context, query string) (s string, err error) {
	err = t.tx.QueryRow(ctx, query).Scan(&s)
	return s, err
}

func (t pgxTx) Commit(ctx context.Context) error   { return translate(t.tx.Commit(ctx)) }
func (t pgxTx) Rollback(ctx context.Context) error { return translate(t.tx.Rollback(ctx)) }

// translate says in the words of package retrysql what the end of a transaction met.
func translate(err error) error {
	switch {
	case errors.Is(err, pgx.ErrTxClosed):
		return fmt.Errorf("%w: %w", sql.ErrTxDone, err)
	case errors.Is(err, pgx.ErrTxCommitRollback):
		return fmt.Errorf("%w: %w", retrysql.ErrRolledBack, err)
	}
	return err
}
