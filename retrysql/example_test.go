package retrysql_test

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysql"
)

var policy = retry.Policy{
	Name:     "transfer",
	Attempts: 10,
	Backoff:  retry.Exponential{Initial: 5 * time.Millisecond, Max: time.Second},
	Within:   30 * time.Second,
}

// Move money between two accounts, once, also if an answer to COMMIT is lost.
func ExampleInTx() {
	transfer := func(ctx context.Context, db *sql.DB, from, to string, amount int) error {
		options := &retrysql.Options{Isolation: sql.LevelSerializable, Outcome: retrysql.XactStatus{}}
		return retrysql.InTx(ctx, db, policy, options, func(ctx context.Context, tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, "UPDATE accounts SET balance = balance - $1 WHERE id = $2", amount, from); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, "UPDATE accounts SET balance = balance + $1 WHERE id = $2", amount, to)
			return err
		})
	}
	_ = transfer
}

// Book an order once, however often the message that asks for it is delivered, and to how many processes.
func ExampleLedger() {
	book := func(ctx context.Context, db *sql.DB, id string) error {
		options := &retrysql.Options{Outcome: retrysql.Ledger{Key: "order:" + id}}
		err := retrysql.InTx(ctx, db, policy, options, func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO orders (id) VALUES ($1)", id)
			return err
		})
		if errors.Is(err, retrysql.ErrApplied) {
			return nil
		}
		return err
	}
	_ = book
}

// A single statement that must not be executed twice: only what the database refused is retried. A connection of its own
// keeps database/sql from repeating it.
func ExampleRefused() {
	count := func(ctx context.Context, db *sql.DB) error {
		conn, err := db.Conn(ctx)
		if err != nil {
			return err
		}
		defer conn.Close()
		p := policy
		p.RetryIf = retrysql.Refused
		return retry.Do(ctx, p, func(ctx context.Context) error {
			_, err := conn.ExecContext(ctx, "UPDATE visits SET n = n + 1")
			return err
		})
	}
	_ = count
}

// Read from whichever of two databases answers first, if the first one is slow.
func ExampleGetTx() {
	lately := new(retry.HedgeState) // kept for as long as the databases are
	balance := func(ctx context.Context, db, replica *sql.DB, id string) (int, error) {
		options := &retrysql.Options{ReadOnly: true, Hedge: &retry.HedgeSettings{State: lately}, Replicas: []*sql.DB{replica}}
		return retrysql.GetTx(ctx, db, policy, options, func(ctx context.Context, tx *sql.Tx) (balance int, err error) {
			err = tx.QueryRowContext(ctx, "SELECT balance FROM accounts WHERE id = $1", id).Scan(&balance)
			return balance, err
		})
	}
	_ = balance
}

// A single SELECT that is hedged, and retried if both of its statements fail.
func ExampleTransient() {
	var db *sql.DB
	orders := retry.Hedge(retry.HedgeSettings{Name: "orders"}, func(ctx context.Context) (n int, err error) {
		err = db.QueryRowContext(ctx, "SELECT count(*) FROM orders").Scan(&n)
		return n, err
	})
	p := policy
	p.RetryIf = retrysql.Transient
	count := func(ctx context.Context) (int, error) { return retry.Get(ctx, p, orders) }
	_ = count
}
