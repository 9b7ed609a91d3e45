// Pgx is a program of somebody who uses pgx. No server listens where it looks for one.
package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysql/retrypgx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

func main() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "postgres://u@127.0.0.1:1/db?sslmode=disable")
	if err != nil {
		panic(err)
	}
	defer pool.Close()
	policy := retry.Policy{Attempts: 3, Backoff: retry.Constant(0)}
	err = retrypgx.InTx(ctx, pool, policy, nil, func(context.Context, pgx.Tx) error { return nil })
	fmt.Println(strings.Contains(err.Error(), "3 attempts"))
}
