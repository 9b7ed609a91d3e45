//go:build linux

package sqltest

import (
	"bytes"
	"context"
	"database/sql"
	"testing"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysql"
)

// What database/sql does by itself with a statement whose answer is lost, by driver: these are the figures of docs/sql.md. If one of
// them changes, the driver has, and the page must. In a transaction nothing is repeated, and Refused never asks for it.
func TestDatabaseSQLRepeats(t *testing.T) {
	for _, c := range []struct {
		driver  string
		start   func() (*server, error)
		applied int
	}{{"pgx", postgres, 1}, {"postgres", postgres, 3}, {"mysql", mariadb, 1}} {
		t.Run(c.driver, func(t *testing.T) {
			s := need(t, c.start)
			p := newProxy(t, s, func(b []byte) bool { return bytes.Contains(b, []byte("UPDATE counter")) })
			direct, db := s.open(t, s.driver, s.port), s.open(t, c.driver, p.port)
			exec1(t, direct, "DROP TABLE IF EXISTS counter", "CREATE TABLE counter (n int)", "INSERT INTO counter VALUES (0)")
			counter := func() int {
				n := scan[int](t, direct, "SELECT n FROM counter")
				exec1(t, direct, "UPDATE counter SET n = 0")
				return n
			}
			always := func(int64) cut { return closeAnswer }

			p.set(always)
			_, err := db.Exec("UPDATE counter SET n = n + 1")
			if n := counter(); err == nil || n != c.applied {
				t.Errorf("a statement on the DB was applied %d times, want %d: %v", n, c.applied, err)
			}
			if retrysql.Refused(err) {
				t.Errorf("Refused would have it made again: %v", err)
			}
			if !retrysql.Transient(err) {
				t.Errorf("Transient doesn't know a lost connection: %v", err)
			}

			// By a predicate that is right for any statement, the loss is left to the caller.
			one := policy
			one.RetryIf = retrysql.Refused
			p.set(always)
			conn, err := db.Conn(t.Context()) // on a connection, database/sql doesn't repeat
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			err = retry.Do(t.Context(), one, func(ctx context.Context) error {
				_, err := conn.ExecContext(ctx, "UPDATE counter SET n = n + 1")
				return err
			})
			if n := counter(); err == nil || n != 1 {
				t.Errorf("a statement on a Conn was applied %d times, want 1: %v", n, err)
			}

			p.set(func(n int64) cut {
				if n == 1 {
					return closeAnswer
				}
				return pass
			})
			err = retrysql.InTx(t.Context(), db, policy, nil, func(ctx context.Context, tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, "UPDATE counter SET n = n + 1")
				return err
			})
			if n := counter(); err != nil || n != 1 || p.seen.Load() != 2 {
				t.Errorf("in a transaction it was applied %d times in %d attempts, want once in 2: %v", n, p.seen.Load(), err)
			}
		})
	}
}
