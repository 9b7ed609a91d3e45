//go:build linux

package sqltest

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysql"
	"github.com/callagain/retry/retrysql/retrypgx"
	"github.com/cockroachdb/cockroach-go/v2/crdb"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "github.com/lib/pq"
)

// The policy that docs/sql.md recommends.
var policy = retry.Policy{
	Name:     "tx",
	Attempts: 10,
	Backoff:  retry.Exponential{Initial: 5 * time.Millisecond, Max: time.Second},
	Within:   time.Minute,
}

// persistent is the policy for what must be found out or done at last: another connection may be slow to end, or a lock to be free.
var persistent = retry.Policy{
	Name:     "tx",
	Attempts: retry.Unlimited,
	Backoff:  policy.Backoff,
	Within:   5 * time.Minute,
}

const ledgerTable = "CREATE TABLE IF NOT EXISTS retry_ledger (id varchar(64) PRIMARY KEY, at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP)"

// An insert applies number n of the work, by one way of making a transaction again.
type insert func(ctx context.Context, n int) error

func byInTx(db *sql.DB, o *retrysql.Options) insert {
	return func(ctx context.Context, n int) error {
		return retrysql.InTx(ctx, db, persistent, o, func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO applied (n) VALUES (%d)", n))
			return err
		})
	}
}

func byPool(pool *pgxpool.Pool, o *retrypgx.Options) insert {
	return func(ctx context.Context, n int) error {
		return retrypgx.InTx(ctx, pool, persistent, o, func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO applied (n) VALUES ($1)", n)
			return err
		})
	}
}

// naive is the loop that is found in most programs: whatever fails is done again.
func naive(db *sql.DB) insert {
	return func(ctx context.Context, n int) (err error) {
		for range 10 {
			err = once(ctx, db, 0, func(ctx context.Context, tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO applied (n) VALUES (%d)", n))
				return err
			})
			if err == nil {
				return nil
			}
		}
		return err
	}
}

var inserts = flag.Int("inserts", 200, "how many inserts TestLostCommit makes in each way; docs/sql.md has 1000")

// A fifth of the answers to COMMIT are lost. A twentieth of the connections break before the server answers COMMIT, and another one
// before it gets it.
func TestLostCommit(t *testing.T) {
	cuts := func(n int64) cut {
		switch {
		case n%10 == 0:
			return cutAnswer
		case n%5 == 0:
			return closeAnswer
		case n%20 == 7:
			return cutAtOnce
		case n%20 == 13:
			return cutRequest
		}
		return pass
	}
	for _, driver := range []string{"pgx", "postgres", "mysql"} {
		start := postgres
		if driver == "mysql" {
			start = mariadb
		}
		t.Run(driver, func(t *testing.T) {
			s := need(t, start)
			p := newProxy(t, s, isCommit)
			direct := s.open(t, s.driver, s.port)
			exec1(t, direct, "DROP TABLE IF EXISTS applied", "CREATE TABLE applied (n int)", "DROP TABLE IF EXISTS retry_ledger", ledgerTable)
			db := s.open(t, driver, p.port)
			run := func(name, column string, do insert, check func(*testing.T, result)) {
				t.Run(name, func(t *testing.T) {
					r := lose(t, direct, p, cuts, do)
					check(t, r)
					r.saw(column)
				})
			}
			run("naive", byLoop, naive(db), func(t *testing.T, r result) {
				if r.twice <= *inserts/10 {
					t.Error("the naive loop was expected to apply more than a tenth twice; does the proxy work?")
				}
			})
			run("no outcome", "InTx", byInTx(db, nil), neverTwice)
			run("ledger", "InTx, Ledger", byInTx(db, &retrysql.Options{Outcome: retrysql.Ledger{}}), exactlyOnce)
			if driver == "mysql" {
				return
			}
			run("xact", "InTx, XactStatus", byInTx(db, &retrysql.Options{Outcome: retrysql.XactStatus{}}), exactlyOnce)
			if driver == "postgres" {
				return
			}
			// A peer, for the page: it is meant for CockroachDB, where RELEASE SAVEPOINT commits, and ignores what COMMIT answers.
			run("crdb.ExecuteTx", byCRDB, func(ctx context.Context, n int) error {
				return crdb.ExecuteTx(ctx, db, nil, func(tx *sql.Tx) error {
					_, err := tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO applied (n) VALUES (%d)", n))
					return err
				})
			}, func(t *testing.T, r result) {
				if r.twice != 0 || r.missing == 0 {
					t.Error("docs/sql.md says otherwise of crdb.ExecuteTx")
				}
			})
			pool := newPool(t, s, p.port)
			run("pool, no outcome", "InTx", byPool(pool, nil), neverTwice)
			run("pool, ledger", "InTx, Ledger", byPool(pool, &retrypgx.Options{Outcome: retrysql.Ledger{}}), exactlyOnce)
			run("pool, xact", "InTx, XactStatus", byPool(pool, &retrypgx.Options{Outcome: retrysql.XactStatus{}}), exactlyOnce)
		})
	}
}

func newPool(t testing.TB, s *server, port int) *pgxpool.Pool {
	pool, err := pgxpool.New(context.Background(), s.dsn("pgx", port)+"&pool_max_conns=20")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func neverTwice(t *testing.T, r result) {
	if r.twice != 0 || r.missing != 0 || r.other != 0 {
		t.Error("want none applied twice, none missing, and no other error than ErrUnknown")
	}
	if r.unknown == 0 {
		t.Error("no outcome was unknown; does the proxy work?")
	}
}

func exactlyOnce(t *testing.T, r result) {
	if r.twice != 0 || r.missing != 0 || r.other != 0 || r.unknown != 0 || r.once != *inserts {
		t.Error("want each applied once, and no error")
	}
}

type result struct{ once, twice, missing, unknown, other int }

// lose does the work, with 8 workers, and counts what became of them.
func lose(t *testing.T, direct *sql.DB, p *proxy, cuts func(int64) cut, do insert) (r result) {
	exec1(t, direct, "DELETE FROM applied")
	p.set(cuts)
	began := time.Now()
	errs := make([]error, *inserts)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for n := next.Add(1); n <= int64(*inserts); n = next.Add(1) {
				errs[n-1] = do(t.Context(), int(n))
			}
		})
	}
	workers.Wait()
	took := time.Since(began)
	applied := counts(t, direct, "SELECT n, count(*) FROM applied GROUP BY n")
	var last error
	for i, err := range errs {
		switch count := applied[i+1]; {
		case count == 1:
			r.once++
		case count > 1:
			r.twice++
		case err == nil:
			r.missing++
		}
		if errors.Is(err, retrysql.ErrUnknown) {
			r.unknown++
		} else if err != nil {
			r.other++
			last = err
		}
	}
	t.Logf("%+v in %v; COMMITs %d, answers cut %d, cut at once %d, never sent %d; last other error: %v", r, took.Round(time.Millisecond),
		p.seen.Load(), p.cuts[cutAnswer].Load()+p.cuts[closeAnswer].Load(), p.cuts[cutAtOnce].Load(), p.cuts[cutRequest].Load(), last)
	return r
}
