package retrysql_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysql"
)

// A driver hides that it is for MySQL, so the guard is asked for.
func ExampleGuard() {
	options := &retrysql.Options{Guard: retrysql.AlwaysGuard}
	_ = options
}

// The caller may choose how an unknown outcome is found out: by PostgreSQL itself, or by a table.
func ExampleOutcome() {
	outcome := func(postgres bool) retrysql.Outcome {
		if postgres {
			return retrysql.XactStatus{}
		}
		return retrysql.Ledger{}
	}
	fmt.Printf("%T, %T\n", outcome(true), outcome(false))
	// Output: retrysql.XactStatus, retrysql.Ledger
}

// mapper is a transaction of an object-relational mapper.
type mapper struct{ statements *[]string }

func (m mapper) Exec(_ context.Context, query string) error {
	*m.statements = append(*m.statements, query)
	return nil
}
func (m mapper) Query(context.Context, string) (string, error) { return "", sql.ErrNoRows }
func (m mapper) Commit(ctx context.Context) error              { return m.Exec(ctx, "COMMIT") }
func (m mapper) Rollback(ctx context.Context) error            { return m.Exec(ctx, "ROLLBACK") }

// A transaction of another kind: begin makes it, and each attempt has a new one.
func ExampleRun() {
	var statements []string
	begin := func(context.Context) (retrysql.Tx, error) {
		statements = append(statements, "BEGIN")
		return mapper{&statements}, nil
	}
	busy := errors.New("busy")
	failures := 1
	p := retry.Policy{Backoff: retry.Constant(0), RetryIf: retry.On(busy)}
	err := retrysql.Run(context.Background(), p, nil, begin, func(ctx context.Context, tx retrysql.Tx) error {
		if failures--; failures >= 0 {
			return busy
		}
		return tx.Exec(ctx, "UPDATE …")
	})
	fmt.Println(statements, err)

	// The same with a value.
	n, err := retrysql.Get(context.Background(), p, nil, begin, func(ctx context.Context, tx retrysql.Tx) (int, error) {
		return 7, tx.Exec(ctx, "UPDATE …")
	})
	fmt.Println(n, err)
	// Output:
	// [BEGIN ROLLBACK BEGIN UPDATE … COMMIT] <nil>
	// 7 <nil>
}
