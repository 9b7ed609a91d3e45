//go:build linux

package sqltest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysql"
	"github.com/callagain/retry/retrysql/retrypgx"
	"github.com/jackc/pgx/v5"
)

// A way is one way to insert a row: a driver, with an outcome.
type way struct {
	name   string
	server func() (*server, error)
	// insert inserts 1 into table one, by InTx, and calls before when that is done. The grace is short if brief is.
	insert func(t *testing.T, s *server, port int) func(ctx context.Context, p retry.Policy, outcome retrysql.Outcome, grace time.Duration, before func()) error
}

func ways() (ways []way) {
	bySQL := func(driver string) func(*testing.T, *server, int) func(context.Context, retry.Policy, retrysql.Outcome, time.Duration, func()) error {
		return func(t *testing.T, s *server, port int) func(context.Context, retry.Policy, retrysql.Outcome, time.Duration, func()) error {
			db := s.open(t, driver, port)
			t.Cleanup(func() { awaitIdle(t, func() int { return db.Stats().InUse }) })
			return func(ctx context.Context, p retry.Policy, outcome retrysql.Outcome, grace time.Duration, before func()) error {
				return retrysql.InTx(ctx, db, p, &retrysql.Options{Outcome: outcome, Grace: grace}, func(ctx context.Context, tx *sql.Tx) error {
					_, err := tx.ExecContext(ctx, "INSERT INTO one VALUES (1)")
					before()
					return err
				})
			}
		}
	}
	ways = append(ways, way{"pgx", postgres, bySQL("pgx")}, way{"pq", postgres, bySQL("postgres")}, way{"mysql", mariadb, bySQL("mysql")})
	return append(ways, way{"pool", postgres, func(t *testing.T, s *server, port int) func(context.Context, retry.Policy, retrysql.Outcome, time.Duration, func()) error {
		pool := newPool(t, s, port)
		t.Cleanup(func() { awaitIdle(t, func() int { return int(pool.Stat().AcquiredConns()) }) })
		return func(ctx context.Context, p retry.Policy, outcome retrysql.Outcome, grace time.Duration, before func()) error {
			return retrypgx.InTx(ctx, pool, p, &retrypgx.Options{Outcome: outcome, Grace: grace}, func(ctx context.Context, tx pgx.Tx) error {
				_, err := tx.Exec(ctx, "INSERT INTO one VALUES (1)")
				before()
				return err
			})
		}
	}})
}

// awaitIdle waits until no connection is in use: what a driver was left to do ends in its own time.
func awaitIdle(t *testing.T, inUse func() int) {
	p := retry.Policy{Attempts: retry.Unlimited, Backoff: retry.Constant(10 * time.Millisecond), Within: 2 * time.Minute}
	err := retry.Do(context.Background(), p, func(context.Context) error {
		if inUse() > 0 {
			return errors.New("connections are in use")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

var errCaller = errors.New("the caller's cause")

// What is known when a context ends is told: before COMMIT, during it, and when there is no answer.
func TestContextEnds(t *testing.T) {
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			s := need(t, w.server)
			direct := s.open(t, s.driver, s.port)
			exec1(t, direct, "DROP TABLE IF EXISTS one", "CREATE TABLE one (n int)", "DROP TABLE IF EXISTS retry_ledger", ledgerTable)
			applied := func() int { return scan[int](t, direct, "SELECT count(*) FROM one") }
			nothing := func() {}

			t.Run("before COMMIT", func(t *testing.T) {
				exec1(t, direct, "DELETE FROM one")
				ctx, cancel := context.WithCancelCause(t.Context())
				err := w.insert(t, s, s.port)(ctx, policy, nil, 0, func() { cancel(errCaller) })
				if !errors.Is(err, errCaller) || !errors.Is(err, context.Canceled) || errors.Is(err, retrysql.ErrUnknown) || applied() != 0 {
					t.Errorf("%v, applied %d times", err, applied())
				}
			})
			t.Run("during COMMIT, answered", func(t *testing.T) {
				exec1(t, direct, "DELETE FROM one")
				p := newProxy(t, s, isCommit)
				ctx, cancel := context.WithCancelCause(t.Context())
				p.set(func(int64) cut { cancel(errCaller); return pass })
				err := w.insert(t, s, p.port)(ctx, policy, nil, time.Minute, nothing)
				if err != nil || applied() != 1 {
					t.Errorf("%v, applied %d times", err, applied())
				}
			})
			t.Run("during COMMIT, no answer", func(t *testing.T) {
				exec1(t, direct, "DELETE FROM one")
				p := newProxy(t, s, isCommit)
				ctx, cancel := context.WithCancelCause(t.Context())
				p.set(func(int64) cut { cancel(errCaller); return stall })
				err := w.insert(t, s, p.port)(ctx, policy, nil, 20*time.Millisecond, nothing)
				if !errors.Is(err, errCaller) || !errors.Is(err, context.Canceled) || !errors.Is(err, retrysql.ErrUnknown) {
					t.Error(err)
				}
				p.closeAll()
			})
			// The attempt's time is over, but not the call's: the next attempt asks first.
			for _, outcome := range []retrysql.Outcome{retrysql.Ledger{}, retrysql.XactStatus{}} {
				if _, ok := outcome.(retrysql.XactStatus); ok && w.name == "mysql" {
					continue
				}
				t.Run("attempt ends during COMMIT, no answer, asked later", func(t *testing.T) {
					exec1(t, direct, "DELETE FROM one")
					p := newProxy(t, s, isCommit)
					p.set(func(n int64) cut {
						if n == 1 {
							return stall
						}
						return pass
					})
					calls := 0
					pol := persistent
					pol.Timeout = 300 * time.Millisecond
					err := w.insert(t, s, p.port)(t.Context(), pol, outcome, 20*time.Millisecond, func() { calls++ })
					if err != nil || applied() != 1 {
						t.Errorf("%v, applied %d times in %d calls of f", err, applied(), calls)
					}
					p.closeAll()
				})
			}
		})
	}
}

// A statement of MariaDB that is left by its client goes on and keeps its locks. Its connection must not be used again.
func TestMariaDBTimeoutDiscards(t *testing.T) {
	s := need(t, mariadb)
	direct, db := s.open(t, "mysql", s.port), s.open(t, "mysql", s.port)
	db.SetMaxOpenConns(1)
	exec1(t, direct, "DROP TABLE IF EXISTS one", "CREATE TABLE one (n int)", "INSERT INTO one VALUES (0)")
	rival := rivalTx(t, direct, "UPDATE one SET n = n + 10")
	p := persistent
	p.Timeout = 200 * time.Millisecond
	left := map[int]bool{} // connections whose statement goes on; an attempt may also end before it has sent its own
	err := retrysql.InTx(t.Context(), db, p, nil, func(ctx context.Context, tx *sql.Tx) error {
		var id int
		if err := tx.QueryRowContext(ctx, "SELECT connection_id()").Scan(&id); err != nil {
			return err
		}
		if left[id] {
			t.Errorf("connection %d is used again", id)
		}
		if len(left) >= 2 {
			rival.Commit()
		}
		_, err := tx.ExecContext(ctx, "UPDATE one SET n = n + 1")
		if err != nil && scan[int](t, direct, fmt.Sprintf("SELECT count(*) FROM information_schema.processlist WHERE id = %d AND info LIKE 'UPDATE one %%'", id)) > 0 {
			left[id] = true
		}
		return err
	})
	if n := scan[int](t, direct, "SELECT n FROM one"); err != nil || n != 11 {
		t.Errorf("%v; n is %d, want 11", err, n)
	}
	await(t, direct, "SELECT count(*) = 0 FROM information_schema.innodb_trx")
}
