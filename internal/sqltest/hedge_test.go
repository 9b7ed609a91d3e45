//go:build linux

package sqltest

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysql"
	"github.com/callagain/retry/retrysql/retrypgx"
	"github.com/jackc/pgx/v5"
)

// What a hedged read returns: which transaction it was, and what that has read.
type seen struct{ transaction, rows, sum int }

// A hedge reads from one of two databases with as many rows, of which the first never answers every other read. Every read is answered, by one transaction;
// those that didn't win are canceled, and neither connections nor transactions are left of them.
func TestHedge(t *testing.T) {
	const reads = "SELECT n FROM hedged"
	var asked atomic.Int64
	// query returns one that no connection has prepared, so that the proxy sees it.
	query := func() string { return fmt.Sprintf("%s -- %d", reads, asked.Add(1)) }
	o := func() *retry.HedgeSettings {
		return &retry.HedgeSettings{Delay: 20 * time.Millisecond, Unlimited: true, State: new(retry.HedgeState)}
	}
	read := func(next func(any) (bool, error), transaction int) (v seen, err error) {
		v.transaction = transaction
		for {
			var n int
			more, err := next(&n)
			if !more || err != nil {
				return v, err
			}
			v.rows++
			v.sum += n
		}
	}
	for _, driver := range []string{"pgx", "postgres", "mysql", "pool"} {
		t.Run(driver, func(t *testing.T) {
			start := postgres
			if driver == "mysql" {
				start = mariadb
			}
			s := need(t, start)
			p := newProxy(t, s, func(b []byte) bool { return bytes.Contains(b, []byte(reads)) })
			stalled := make(chan struct{})
			once := sync.OnceFunc(func() { close(stalled) })
			p.set(func(n int64) cut {
				if n%2 == 0 {
					once()
					return stall
				}
				return pass
			})
			// A second transaction doesn't read before the first database has left a read without an answer: otherwise it may always be faster
			// than a connection to the first is made.
			turn := func(ctx context.Context) error {
				if retry.Hedged(ctx) == 1 {
					return nil
				}
				select {
				case <-stalled:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			direct := s.open(t, s.driver, s.port)
			exec1(t, direct, "DROP TABLE IF EXISTS hedged", "CREATE TABLE hedged (n int)", "INSERT INTO hedged VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10)")
			var get func() (seen, error)
			var inUse func() int
			if driver == "pool" {
				near, far := newPool(t, s, p.port), newPool(t, s, s.port)
				inUse = func() int { return int(near.Stat().AcquiredConns() + far.Stat().AcquiredConns()) }
				options := &retrypgx.Options{Tx: pgx.TxOptions{AccessMode: pgx.ReadOnly}, Hedge: o(), Replicas: []retrypgx.Beginner{far}}
				get = func() (seen, error) {
					return retrypgx.GetTx(t.Context(), near, policy, options, func(ctx context.Context, tx pgx.Tx) (seen, error) {
						if err := turn(ctx); err != nil {
							return seen{}, err
						}
						rows, err := tx.Query(ctx, query())
						if err != nil {
							return seen{}, err
						}
						defer rows.Close()
						return read(func(n any) (bool, error) {
							if !rows.Next() {
								return false, rows.Err()
							}
							return true, rows.Scan(n)
						}, retry.Hedged(ctx))
					})
				}
			} else {
				near, far := s.open(t, driver, p.port), s.open(t, driver, s.port)
				inUse = func() int { return near.Stats().InUse + far.Stats().InUse }
				options := &retrysql.Options{ReadOnly: true, Hedge: o(), Replicas: []*sql.DB{far}}
				get = func() (seen, error) {
					return retrysql.GetTx(t.Context(), near, policy, options, func(ctx context.Context, tx *sql.Tx) (seen, error) {
						if err := turn(ctx); err != nil {
							return seen{}, err
						}
						rows, err := tx.QueryContext(ctx, query())
						if err != nil {
							return seen{}, err
						}
						defer rows.Close()
						return read(func(n any) (bool, error) {
							if !rows.Next() {
								return false, rows.Err()
							}
							return true, rows.Scan(n)
						}, retry.Hedged(ctx))
					})
				}
			}
			var mu sync.Mutex
			won := map[int]int{}
			var readers sync.WaitGroup
			for range 4 {
				readers.Go(func() {
					for range 10 {
						v, err := get()
						if err != nil || v.rows != 10 || v.sum != 55 {
							t.Errorf("%+v, %v", v, err)
						}
						mu.Lock()
						won[v.transaction]++
						mu.Unlock()
					}
				})
			}
			readers.Wait()
			t.Logf("won: %v", won)
			if n := p.cuts[stall].Load(); n == 0 || won[2] < int(n) {
				t.Errorf("%d reads weren't answered, and %d were hedged with success", n, won[2])
			}
			awaitIdle(t, func() int {
				if driver == "postgres" {
					p.closeAll() // lib/pq has asked the server to cancel, and waits until that has an answer, or the connection breaks
				}
				return inUse()
			})
			p.closeAll() // what a real network does in its own time
			open := "SELECT count(*) = 0 FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
			if driver == "mysql" {
				open = "SELECT count(*) = 0 FROM information_schema.innodb_trx"
			}
			await(t, direct, open)
		})
	}
}
