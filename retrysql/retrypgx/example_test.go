package retrypgx_test

import (
	"context"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysql"
	"github.com/callagain/retry/retrysql/retrypgx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Move money between two accounts, once.
func ExampleInTx() {
	transfer := func(ctx context.Context, pool *pgxpool.Pool, from, to string, amount int) error {
		policy := retry.Policy{
			Name:     "transfer",
			Attempts: 10,
			Backoff:  retry.Exponential{Initial: 5 * time.Millisecond, Max: time.Second},
			Within:   30 * time.Second,
		}
		options := &retrypgx.Options{Tx: pgx.TxOptions{IsoLevel: pgx.Serializable}, Outcome: retrysql.XactStatus{}}
		return retrypgx.InTx(ctx, pool, policy, options, func(ctx context.Context, tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "UPDATE accounts SET balance = balance - $1 WHERE id = $2", amount, from); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, "UPDATE accounts SET balance = balance + $1 WHERE id = $2", amount, to)
			return err
		})
	}
	_ = transfer
}
