//go:build linux

package sqltest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysql"
	"github.com/callagain/retry/retrysql/retrypgx"
	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite"
)

// A scene is a way to fail. do is the transaction's work, by functions that execute a statement in it; in the first attempt rival
// makes it fail, from elsewhere.
type scene struct {
	name      string
	isolation sql.IsolationLevel
	do        func(exec func(string) error, first bool) error
	outcome   retrysql.Outcome
}

// play makes the transaction of the scene, which must fail in its first attempt and succeed in the second, and returns the first failure.
func play(t *testing.T, db *sql.DB, sc scene) error {
	t.Helper()
	p := policy
	var failure error
	retries := 0
	p.Observe = func(_ context.Context, e retry.Event) {
		if e.Retry {
			failure = e.Err
			retries++
		}
	}
	err := retrysql.InTx(t.Context(), db, p, &retrysql.Options{Isolation: sc.isolation, Outcome: sc.outcome}, func(ctx context.Context, tx *sql.Tx) error {
		exec := func(q string) error { _, err := tx.ExecContext(ctx, q); return err }
		return sc.do(exec, retry.Attempt(ctx) == 1)
	})
	if err != nil {
		t.Fatal(err)
	}
	if retries != 1 {
		t.Errorf("%d retries, want 1", retries)
	}
	t.Log(failure)
	if inUse := db.Stats().InUse; inUse != 0 {
		t.Errorf("%d connections are in use after the call", inUse)
	}
	return failure
}

// await polls until the query returns true. MariaDB refreshes its table of transactions only if nobody has read it for 100ms.
func await(t testing.TB, db *sql.DB, query string) {
	t.Helper()
	p := retry.Policy{Attempts: retry.Unlimited, Backoff: retry.Constant(120 * time.Millisecond), Within: time.Minute}
	err := retry.Do(context.Background(), p, func(ctx context.Context) error {
		var ok bool
		if err := db.QueryRowContext(ctx, query).Scan(&ok); err != nil {
			return err
		}
		if !ok {
			return errors.New("not yet")
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// rivalTx begins a transaction on a connection of its own.
func rivalTx(t testing.TB, db *sql.DB, queries ...string) *sql.Tx {
	t.Helper()
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tx.Rollback() })
	for _, q := range queries {
		if _, err := tx.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	return tx
}

// Each failure that another attempt cures makes the whole transaction again, with each driver.
func TestPostgresAgain(t *testing.T) {
	s := need(t, postgres)
	direct := s.open(t, "pgx", s.port)
	exec1(t, direct, "DROP TABLE IF EXISTS account", "CREATE TABLE account (id int PRIMARY KEY, balance int)")
	ignored := func(exec func(string) error, first bool) error {
		if err := exec("SELECT balance FROM account WHERE id = 1"); err != nil {
			return err
		}
		if first {
			exec1(t, direct, "UPDATE account SET balance = balance + 10 WHERE id = 1")
		}
		exec("UPDATE account SET balance = balance + 1 WHERE id = 1")
		return nil
	}
	for _, driver := range []string{"pgx", "postgres"} {
		db := s.open(t, driver, s.port)
		for _, sc := range []scene{
			{"40001 serialization failure", sql.LevelRepeatableRead, func(exec func(string) error, first bool) error {
				if err := exec("SELECT balance FROM account WHERE id = 1"); err != nil {
					return err
				}
				if first {
					exec1(t, direct, "UPDATE account SET balance = balance + 10 WHERE id = 1")
				}
				return exec("UPDATE account SET balance = balance + 1 WHERE id = 1")
			}, nil},
			{"40P01 deadlock", 0, func(exec func(string) error, first bool) error {
				if first {
					if err := exec("SET LOCAL deadlock_timeout = '10ms'"); err != nil {
						return err
					}
				}
				if err := exec("UPDATE account SET balance = balance + 1 WHERE id = 1"); err != nil {
					return err
				}
				if first {
					tx := rivalTx(t, direct, "SET LOCAL deadlock_timeout = '1min'", "UPDATE account SET balance = balance + 10 WHERE id = 2")
					go func() {
						tx.Exec("UPDATE account SET balance = balance + 10 WHERE id = 1")
						tx.Commit()
					}()
					await(t, direct, "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
				}
				return exec("UPDATE account SET balance = balance + 0 WHERE id = 2")
			}, nil},
			{"55P03 lock timeout", 0, func(exec func(string) error, first bool) error {
				if first {
					tx := rivalTx(t, direct, "UPDATE account SET balance = balance + 10 WHERE id = 1")
					defer tx.Commit()
					if err := exec("SET LOCAL lock_timeout = '1ms'"); err != nil {
						return err
					}
				}
				return exec("UPDATE account SET balance = balance + 1 WHERE id = 1")
			}, nil},
			{"57P01 connection terminated", 0, func(exec func(string) error, first bool) error {
				if err := exec("UPDATE account SET balance = balance + 1 WHERE id = 1"); err != nil {
					return err
				}
				if first {
					exec1(t, direct, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'",
						"UPDATE account SET balance = balance + 10 WHERE id = 1")
				}
				return exec("UPDATE account SET balance = balance + 0 WHERE id = 1")
			}, nil},
			{"error ignored by the function", sql.LevelRepeatableRead, ignored, nil},
			{"error ignored by the function, with an outcome", sql.LevelRepeatableRead, ignored, retrysql.XactStatus{}},
		} {
			t.Run(driver+"/"+sc.name, func(t *testing.T) {
				exec1(t, direct, "TRUNCATE account", "INSERT INTO account VALUES (1, 0), (2, 0)")
				play(t, db, sc)
				if b := scan[int](t, direct, "SELECT balance FROM account WHERE id = 1"); b != 11 {
					t.Errorf("balance is %d, want 11", b)
				}
				await(t, direct, "SELECT count(*) = 0 FROM pg_locks WHERE relation = 'account'::regclass")
			})
		}
	}
	t.Run("pool", func(t *testing.T) {
		pool := newPool(t, s, s.port)
		exec1(t, direct, "TRUNCATE account", "INSERT INTO account VALUES (1, 0), (2, 0)")
		for name, ignore := range map[string]bool{"40001": false, "error ignored by the function": true} {
			attempts := 0
			balance, err := retrypgx.GetTx(t.Context(), pool, policy, &retrypgx.Options{Tx: pgx.TxOptions{IsoLevel: pgx.RepeatableRead}},
				func(ctx context.Context, tx pgx.Tx) (balance int, err error) {
					attempts++
					if err := tx.QueryRow(ctx, "SELECT balance FROM account WHERE id = 1").Scan(&balance); err != nil {
						return 0, err
					}
					if attempts == 1 {
						exec1(t, direct, "UPDATE account SET balance = balance + 10 WHERE id = 1")
					}
					_, err = tx.Exec(ctx, "UPDATE account SET balance = balance + 1 WHERE id = 1")
					if ignore {
						err = nil
					}
					return balance + 1, err
				})
			if now := scan[int](t, direct, "SELECT balance FROM account WHERE id = 1"); err != nil || attempts != 2 || balance != now {
				t.Errorf("%s: %d, %v after %d attempts; the balance is %d", name, balance, err, attempts, now)
			}
		}
		if n := pool.Stat().AcquiredConns(); n != 0 {
			t.Errorf("%d connections are in use", n)
		}
	})
}

func TestMariaDBAgain(t *testing.T) {
	s := need(t, mariadb)
	direct := s.open(t, "mysql", s.port)
	db := s.open(t, "mysql", s.port)
	exec1(t, direct, "DROP TABLE IF EXISTS account", "CREATE TABLE account (id int PRIMARY KEY, balance int)",
		"DROP TABLE IF EXISTS ten", "CREATE TABLE ten (seq int)", "INSERT INTO ten VALUES (11), (12), (13), (14), (15), (16), (17), (18), (19), (20)")
	for _, sc := range []scene{
		{"1213 deadlock", 0, func(exec func(string) error, first bool) error {
			if err := exec("UPDATE account SET balance = balance + 1 WHERE id = 1"); err != nil {
				return err
			}
			if first {
				mariaDeadlock(t, direct)
			}
			return exec("UPDATE account SET balance = balance + 0 WHERE id = 2")
		}, nil},
		{"1205 lock wait timeout", 0, func(exec func(string) error, first bool) error {
			if first {
				tx := rivalTx(t, direct, "UPDATE account SET balance = balance + 10 WHERE id = 1")
				defer tx.Commit()
				return exec("SELECT balance FROM account WHERE id = 1 FOR UPDATE NOWAIT")
			}
			return exec("UPDATE account SET balance = balance + 1 WHERE id = 1")
		}, nil},
		{"1020 record has changed", sql.LevelRepeatableRead, func(exec func(string) error, first bool) error {
			if err := exec("SET SESSION innodb_snapshot_isolation = ON"); err != nil {
				return err
			}
			if err := exec("SELECT balance FROM account WHERE id = 1"); err != nil {
				return err
			}
			if first {
				exec1(t, direct, "UPDATE account SET balance = balance + 10 WHERE id = 1")
			}
			return exec("UPDATE account SET balance = balance + 1 WHERE id = 1")
		}, nil},
		{"connection killed", 0, func(exec func(string) error, first bool) error {
			if err := exec("UPDATE account SET balance = balance + 1 WHERE id = 1"); err != nil {
				return err
			}
			if first {
				await(t, direct, "SELECT count(*) = 1 FROM information_schema.innodb_trx")
				id := scan[int](t, direct, "SELECT trx_mysql_thread_id FROM information_schema.innodb_trx")
				exec1(t, direct, fmt.Sprintf("KILL CONNECTION %d", id), "UPDATE account SET balance = balance + 10 WHERE id = 1")
			}
			return exec("UPDATE account SET balance = balance + 0 WHERE id = 1")
		}, nil},
		{"deadlock ignored by the function", 0, func(exec func(string) error, first bool) error {
			if err := exec("UPDATE account SET balance = balance + 1 WHERE id = 1"); err != nil {
				return err
			}
			if first {
				mariaDeadlock(t, direct)
			}
			exec("UPDATE account SET balance = balance + 0 WHERE id = 2")
			return exec("UPDATE account SET balance = balance + 1 WHERE id = 3")
		}, nil},
	} {
		t.Run(sc.name, func(t *testing.T) {
			exec1(t, direct, "DELETE FROM account", "INSERT INTO account VALUES (1, 0), (2, 0), (3, 0)")
			play(t, db, sc)
			if b := scan[int](t, direct, "SELECT balance FROM account WHERE id = 1"); b != 11 {
				t.Errorf("balance is %d, want 11", b)
			}
			if b := scan[int](t, direct, "SELECT balance FROM account WHERE id = 3"); b > 1 {
				t.Errorf("what followed the deadlock took effect %d times", b)
			}
			await(t, direct, "SELECT count(*) = 0 FROM information_schema.innodb_trx")
			if ac := scan[int](t, db, "SELECT @@autocommit"); ac != 1 {
				t.Error("a connection came back to the pool with autocommit off")
			}
		})
	}
	// What the guard is for: without it, MariaDB commits what followed the deadlock, and InTx hears nothing of it.
	t.Run("without the guard", func(t *testing.T) {
		exec1(t, direct, "DELETE FROM account", "INSERT INTO account VALUES (1, 0), (2, 0), (3, 0)")
		err := retrysql.InTx(t.Context(), db, policy, &retrysql.Options{Guard: retrysql.NeverGuard}, func(ctx context.Context, tx *sql.Tx) error {
			tx.ExecContext(ctx, "UPDATE account SET balance = balance + 1 WHERE id = 1")
			mariaDeadlock(t, direct)
			tx.ExecContext(ctx, "UPDATE account SET balance = balance + 0 WHERE id = 2")
			_, err := tx.ExecContext(ctx, "UPDATE account SET balance = balance + 1 WHERE id = 3")
			return err
		})
		one, three := scan[int](t, direct, "SELECT balance FROM account WHERE id = 1"), scan[int](t, direct, "SELECT balance FROM account WHERE id = 3")
		if err != nil || one != 10 || three != 1 {
			t.Errorf("%v, balances %d and %d; want half of the work done and no error", err, one, three)
		}
	})
}

// mariaDeadlock makes a rival that has changed more rows than its victim wait for row 1, while it holds row 2.
func mariaDeadlock(t testing.TB, db *sql.DB) {
	t.Helper()
	tx := rivalTx(t, db, "INSERT INTO account SELECT seq, 0 FROM test.ten", "UPDATE account SET balance = balance + 10 WHERE id = 2", "DELETE FROM account WHERE id > 10")
	go func() {
		tx.Exec("UPDATE account SET balance = balance + 10 WHERE id = 1")
		tx.Commit()
	}()
	await(t, db, "SELECT count(*) = 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'")
}

func TestSQLiteAgain(t *testing.T) {
	open := func() *sql.DB {
		db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "db")+"?_pragma=journal_mode(wal)&_pragma=busy_timeout(0)")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		exec1(t, db, "CREATE TABLE account (id int PRIMARY KEY, balance int)", "INSERT INTO account VALUES (1, 0)")
		return db
	}
	t.Run("5 busy", func(t *testing.T) {
		db := open()
		play(t, db, scene{"", 0, func(exec func(string) error, first bool) error {
			if first {
				tx := rivalTx(t, db, "UPDATE account SET balance = balance + 10")
				defer tx.Commit()
			}
			return exec("UPDATE account SET balance = balance + 1")
		}, nil})
		if b := scan[int](t, db, "SELECT balance FROM account"); b != 11 {
			t.Errorf("balance is %d, want 11", b)
		}
	})
	t.Run("517 busy snapshot", func(t *testing.T) {
		db := open()
		play(t, db, scene{"", 0, func(exec func(string) error, first bool) error {
			if err := exec("SELECT balance FROM account"); err != nil {
				return err
			}
			if first {
				exec1(t, db, "UPDATE account SET balance = balance + 10")
			}
			return exec("UPDATE account SET balance = balance + 1")
		}, nil})
		if b := scan[int](t, db, "SELECT balance FROM account"); b != 11 {
			t.Errorf("balance is %d, want 11", b)
		}
	})
	// SQLite ends the transaction, and what follows takes effect on its own: nothing can be made again safely, and the caller is told.
	t.Run("rolled back behind the function", func(t *testing.T) {
		db := open()
		attempts := 0
		err := retrysql.InTx(t.Context(), db, policy, nil, func(ctx context.Context, tx *sql.Tx) error {
			attempts++
			tx.ExecContext(ctx, "INSERT OR ROLLBACK INTO account VALUES (1, 0)")
			_, err := tx.ExecContext(ctx, "UPDATE account SET balance = balance + 1")
			return err
		})
		if !errors.Is(err, retrysql.ErrRolledBack) || attempts != 1 {
			t.Errorf("%v after %d attempts", err, attempts)
		}
	})
}
