package retrypgx_test

import (
	"context"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysql/retrypgx"
	"github.com/jackc/pgx/v5"
)

// A transaction that returns a value, of a pool or of whatever else begins transactions.
func ExampleGetTx() {
	balance := func(ctx context.Context, db retrypgx.Beginner, id string) (int, error) {
		return retrypgx.GetTx(ctx, db, retry.Policy{Name: "balance"}, nil, func(ctx context.Context, tx pgx.Tx) (n int, err error) {
			err = tx.QueryRow(ctx, "SELECT balance FROM accounts WHERE id = $1", id).Scan(&n)
			return n, err
		})
	}
	_ = balance
}
