//go:build linux

package sqltest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysql"
	"github.com/cockroachdb/cockroach-go/v2/crdb"
	"github.com/jackc/pgx/v5/pgconn"
)

// Transactions per second of 16 workers that transfer between 40 accounts under SERIALIZABLE, so that most collide: by InTx, by a
// careful loop with the same schedule, and by crdb.ExecuteTx, in turns. "given-up" is the number of transactions that failed.
//
//	go test -run '^$' -bench Serializable -benchtime 20x .
func BenchmarkSerializable(b *testing.B) {
	s := need(b, postgres)
	db := s.open(b, "pgx", s.port)
	ways := collisions(db)
	exec1(b, db, bank...)
	collide(ways[0].tx) // makes the connections
	took, made, failed := make([]time.Duration, len(ways)), make([]int64, len(ways)), make([]int64, len(ways))
	for round := 0; b.Loop(); round++ {
		for i := range ways {
			i = (i + round) % len(ways) // none is always the first
			w := ways[i]
			exec1(b, db, bank...)
			began := time.Now()
			failures := collide(w.tx)
			took[i] += time.Since(began)
			made[i] += transactions - failures
			failed[i] += failures
			if sum := scan[int](b, db, "SELECT sum(balance) FROM bank"); sum != 40_000 {
				b.Fatalf("%s: the sum is %d", w.name, sum)
			}
		}
	}
	rate := func(i int) float64 { return float64(made[i]) / took[i].Seconds() }
	for i, w := range ways {
		unit := strings.ReplaceAll(w.name, " ", "")
		b.ReportMetric(rate(i), unit+"-tx/s")
		b.ReportMetric(rate(i)/rate(0), unit+"/loop")
		b.ReportMetric(float64(failed[i]), unit+"-given-up")
	}
	b.ReportMetric(0, "ns/op")
}

var bank = []string{"DROP TABLE IF EXISTS bank", "CREATE TABLE bank (id int PRIMARY KEY, balance int)", "INSERT INTO bank SELECT n, 1000 FROM generate_series(0, 39) AS n"}

// A collision is a way to make transactions that collide.
type collision struct {
	name string
	tx   func(context.Context, func(context.Context, *sql.Tx) error) error
}

func collisions(db *sql.DB) []collision {
	inTx := func(name string, outcome retrysql.Outcome) collision {
		return collision{name, func(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
			return retrysql.InTx(ctx, db, patient, &retrysql.Options{Isolation: sql.LevelSerializable, Outcome: outcome}, f)
		}}
	}
	return []collision{
		{byLoop, func(ctx context.Context, f func(context.Context, *sql.Tx) error) error { return loop(ctx, db, f) }},
		inTx("InTx", nil),
		inTx("InTx, XactStatus", retrysql.XactStatus{}),
		{byCRDB, func(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
			return crdb.ExecuteTx(ctx, db, &sql.TxOptions{Isolation: sql.LevelSerializable}, func(tx *sql.Tx) error { return f(ctx, tx) })
		}},
	}
}

// patient is the policy of InTx here.
var patient = retry.Policy{Attempts: 50, Backoff: retry.Exponential{Initial: 2 * time.Millisecond, Max: 100 * time.Millisecond}}

const transactions = 480

// collide makes transfers with 16 workers and returns how many failed.
func collide(tx func(context.Context, func(context.Context, *sql.Tx) error) error) int64 {
	var failures atomic.Int64
	var workers sync.WaitGroup
	for range 16 {
		workers.Go(func() {
			for range transactions / 16 {
				from := rand.IntN(40)
				to := (from + 1 + rand.IntN(39)) % 40
				err := tx(context.Background(), func(ctx context.Context, tx *sql.Tx) error {
					var balance int
					if err := tx.QueryRowContext(ctx, fmt.Sprintf("SELECT balance FROM bank WHERE id = %d", from)).Scan(&balance); err != nil {
						return err
					}
					for _, q := range []string{
						fmt.Sprintf("UPDATE bank SET balance = %d WHERE id = %d", balance-1, from),
						fmt.Sprintf("UPDATE bank SET balance = balance + 1 WHERE id = %d", to),
					} {
						if _, err := tx.ExecContext(ctx, q); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					failures.Add(1)
				}
			}
		})
	}
	workers.Wait()
	return failures.Load()
}

// loop is what a careful person writes for PostgreSQL, with the schedule of the policy: full jitter, doubling from 2ms to 100ms, 50 attempts.
func loop(ctx context.Context, db *sql.DB, f func(context.Context, *sql.Tx) error) error {
	delay := 2 * time.Millisecond
	for attempt := 1; ; attempt++ {
		err := once(ctx, db, sql.LevelSerializable, f)
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || pg.Code != "40001" && pg.Code != "40P01" || attempt == 50 {
			return err
		}
		timer := time.NewTimer(rand.N(delay))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return errors.Join(ctx.Err(), err)
		}
		delay = min(2*delay, 100*time.Millisecond)
	}
}

// once makes a transaction once.
func once(ctx context.Context, db *sql.DB, isolation sql.IsolationLevel, f func(context.Context, *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: isolation})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := f(ctx, tx); err != nil {
		return err
	}
	return tx.Commit()
}

// What a transaction of two statements costs that meets no failure, on one connection, as multiples of one without InTx.
func BenchmarkCosts(b *testing.B) {
	for driver, start := range map[string]func() (*server, error){"pgx": postgres, "mysql": mariadb} {
		b.Run(driver, func(b *testing.B) {
			s := need(b, start)
			db := s.open(b, driver, s.port)
			exec1(b, db, "DROP TABLE IF EXISTS counter", "CREATE TABLE counter (n int)", "INSERT INTO counter VALUES (0)", "DROP TABLE IF EXISTS retry_ledger", ledgerTable)
			work := func(ctx context.Context, tx *sql.Tx) error {
				for range 2 {
					if _, err := tx.ExecContext(ctx, "UPDATE counter SET n = n + 1"); err != nil {
						return err
					}
				}
				return nil
			}
			type way struct {
				name string
				o    *retrysql.Options
			}
			ways := []way{{"plain", nil}, {"InTx", nil}, {"ledger", &retrysql.Options{Outcome: retrysql.Ledger{}}}}
			if driver == "pgx" {
				ways = append(ways, way{"xact", &retrysql.Options{Outcome: retrysql.XactStatus{}}})
			} else {
				ways = append(ways, way{"no-guard", &retrysql.Options{Guard: retrysql.NeverGuard}})
			}
			took := make([]time.Duration, len(ways))
			for b.Loop() {
				for i, w := range ways {
					began := time.Now()
					var err error
					if i > 0 {
						err = retrysql.InTx(b.Context(), db, policy, w.o, work)
					} else {
						var tx *sql.Tx
						if tx, err = db.BeginTx(b.Context(), nil); err == nil {
							if err = work(b.Context(), tx); err == nil {
								err = tx.Commit()
							}
						}
					}
					if err != nil {
						b.Fatal(err)
					}
					took[i] += time.Since(began)
				}
			}
			for i, w := range ways {
				b.ReportMetric(took[i].Seconds()/took[0].Seconds(), w.name+"/plain")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
