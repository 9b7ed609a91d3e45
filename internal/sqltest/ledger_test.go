//go:build linux

package sqltest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/callagain/retry/retrysql"
)

// databases returns a database of each kind, with an empty ledger and an empty table applied.
func databases(t *testing.T, f func(t *testing.T, db *sql.DB)) {
	for _, name := range []string{"pgx", "postgres", "mysql", "sqlite"} {
		t.Run(name, func(t *testing.T) {
			var db *sql.DB
			switch name {
			case "sqlite":
				var err error
				if db, err = sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "db")+"?_pragma=journal_mode(wal)&_pragma=busy_timeout(0)&_txlock=immediate"); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { db.Close() })
			case "mysql":
				s := need(t, mariadb)
				db = s.open(t, name, s.port)
			default:
				s := need(t, postgres)
				db = s.open(t, name, s.port)
			}
			exec1(t, db, "DROP TABLE IF EXISTS applied", "CREATE TABLE applied (n int)", "DROP TABLE IF EXISTS retry_ledger", ledgerTable)
			f(t, db)
		})
	}
}

// Work that has a key is done once, however many calls do it at the same time.
func TestLedgerKey(t *testing.T) {
	databases(t, func(t *testing.T, db *sql.DB) {
		var done, already atomic.Int64
		var workers sync.WaitGroup
		for range 8 {
			workers.Go(func() {
				err := retrysql.InTx(t.Context(), db, persistent, &retrysql.Options{Outcome: retrysql.Ledger{Key: "order:1"}}, func(ctx context.Context, tx *sql.Tx) error {
					_, err := tx.ExecContext(ctx, "INSERT INTO applied VALUES (1)")
					return err
				})
				switch {
				case err == nil:
					done.Add(1)
				case errors.Is(err, retrysql.ErrApplied):
					already.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		workers.Wait()
		if n := scan[int](t, db, "SELECT count(*) FROM applied"); n != 1 || done.Load() != 1 || already.Load() != 7 {
			t.Errorf("applied %d times; done by %d calls and found by %d", n, done.Load(), already.Load())
		}
	})
}

// A ledger whose table is missing is the caller's mistake, and nothing is done.
func TestLedgerMissing(t *testing.T) {
	databases(t, func(t *testing.T, db *sql.DB) {
		calls := 0
		err := retrysql.InTx(t.Context(), db, policy, &retrysql.Options{Outcome: retrysql.Ledger{Table: "no_such_table"}}, func(context.Context, *sql.Tx) error {
			calls++
			return nil
		})
		if err == nil || errors.Is(err, retrysql.ErrUnknown) || errors.Is(err, retrysql.ErrApplied) || calls != 0 {
			t.Errorf("%v after %d calls", err, calls)
		}
		t.Log(err)
	})
}

// The value is that of the call of f that took effect, also if its COMMIT had to be asked for.
func TestGetTx(t *testing.T) {
	for driver, start := range map[string]func() (*server, error){"pgx": postgres, "mysql": mariadb} {
		t.Run(driver, func(t *testing.T) {
			s := need(t, start)
			p := newProxy(t, s, isCommit)
			direct, db := s.open(t, driver, s.port), s.open(t, driver, p.port)
			exec1(t, direct, "DROP TABLE IF EXISTS applied", "CREATE TABLE applied (n int)", "DROP TABLE IF EXISTS retry_ledger", ledgerTable)
			p.set(func(n int64) cut { return []cut{pass, cutRequest, cutAnswer}[min(n, 2)] })
			calls := 0
			v, err := retrysql.GetTx(t.Context(), db, policy, &retrysql.Options{Outcome: retrysql.Ledger{}}, func(ctx context.Context, tx *sql.Tx) (int, error) {
				calls++
				_, err := tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO applied VALUES (%d)", calls))
				return calls, err
			})
			if n := scan[int](t, direct, "SELECT sum(n) FROM applied"); err != nil || v != 2 || n != 2 {
				t.Errorf("%d, %v; in the table is %d; want 2", v, err, n)
			}
		})
	}
}
