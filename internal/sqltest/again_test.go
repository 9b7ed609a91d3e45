//go:build linux

package sqltest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysql"
	"github.com/callagain/retry/retrysql/retrypgx"
	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite"
)

// A database is a server, or a file, and what differs there.
type database struct {
	name     string
	open     func(t *testing.T) (direct, db *sql.DB)
	snapshot []string                           // makes a transaction see the past
	patience []string                           // makes a deadlock be found soon, and by this transaction
	noWait   []string                           // makes a lock be refused at once
	hurry    []string                           // the deadlock's rival isn't the one that is rolled back
	waits    string                             // tells whether somebody waits for a lock
	kill     func(t *testing.T, direct *sql.DB) // cuts off the one open transaction
	free     string                             // tells whether there are no locks
}

func postgresBy(driver string) database {
	return database{
		name: driver,
		open: func(t *testing.T) (direct, db *sql.DB) {
			s := need(t, postgres)
			return s.open(t, "pgx", s.port), s.open(t, driver, s.port)
		},
		patience: []string{"SET LOCAL deadlock_timeout = '10ms'"},
		noWait:   []string{"SET LOCAL lock_timeout = '1ms'"},
		hurry:    []string{"SET LOCAL deadlock_timeout = '1min'"},
		waits:    "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
		kill: func(t *testing.T, direct *sql.DB) {
			exec1(t, direct, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'")
		},
		free: "SELECT count(*) = 0 FROM pg_locks WHERE relation = 'account'::regclass",
	}
}

var maria = database{
	name: "mariadb",
	open: func(t *testing.T) (direct, db *sql.DB) {
		s := need(t, mariadb)
		return s.open(t, "mysql", s.port), s.open(t, "mysql", s.port)
	},
	snapshot: []string{"SET SESSION innodb_snapshot_isolation = ON"},
	noWait:   []string{"SELECT balance FROM account WHERE id = 1 FOR UPDATE NOWAIT"},
	// The one that has changed fewer rows is rolled back.
	hurry: []string{"INSERT INTO account VALUES (11, 0), (12, 0), (13, 0), (14, 0), (15, 0), (16, 0)", "DELETE FROM account WHERE id > 10"},
	waits: "SELECT count(*) = 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'",
	kill: func(t *testing.T, direct *sql.DB) {
		await(t, direct, "SELECT count(*) = 1 FROM information_schema.innodb_trx")
		exec1(t, direct, fmt.Sprintf("KILL CONNECTION %d", scan[int](t, direct, "SELECT trx_mysql_thread_id FROM information_schema.innodb_trx")))
	},
	free: "SELECT count(*) = 0 FROM information_schema.innodb_trx",
}

var sqlite = database{
	name: "sqlite",
	open: func(t *testing.T) (direct, db *sql.DB) {
		db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "db")+"?_pragma=journal_mode(wal)&_pragma=busy_timeout(0)")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db, db
	},
	free: "SELECT true",
}

// A scene is a way to fail. The transaction executes the statements of begin and end. In its first attempt the rival comes in between,
// whose balance of account 1 is then 10 higher; of what it returns, after is called at the end of that attempt, and gone at the begin of the next.
type scene struct {
	name      string
	isolation sql.IsolationLevel
	begin     func(database) []string
	rival     func(*testing.T, database, *sql.DB) (after, gone func())
	end       func(database) []string
	ignore    bool // the function goes on after an error, and returns nil
	outcome   retrysql.Outcome
	on        []string // databases; all if nil
}

const (
	look    = "SELECT balance FROM account WHERE id = 1"
	deposit = "UPDATE account SET balance = balance + 1 WHERE id = 1"
	touch1  = "UPDATE account SET balance = balance + 0 WHERE id = 1"
	touch2  = "UPDATE account SET balance = balance + 0 WHERE id = 2"
	rivals  = "UPDATE account SET balance = balance + 10 WHERE id = 1"
)

func always(queries ...string) func(database) []string {
	return func(database) []string { return queries }
}

func nothing() {}

func overtake(t *testing.T, _ database, direct *sql.DB) (after, gone func()) {
	exec1(t, direct, rivals)
	return nothing, nothing
}

func hold(t *testing.T, _ database, direct *sql.DB) (after, gone func()) {
	tx := rivalTx(t, direct, rivals)
	return func() { tx.Commit() }, nothing
}

func cutOff(t *testing.T, d database, direct *sql.DB) (after, gone func()) {
	d.kill(t, direct)
	exec1(t, direct, rivals)
	return nothing, nothing
}

// deadlock waits for account 1, and has locked account 2. In PostgreSQL the next attempt may get account 1 before the one that waited has
// woken, and there is another deadlock: it is gone when it has committed.
func deadlock(t *testing.T, d database, direct *sql.DB) (after, gone func()) {
	committed := make(chan struct{})
	tx := rivalTx(t, direct, append(slices.Clone(d.hurry), touch2)...)
	go func() {
		defer close(committed)
		tx.Exec(rivals)
		tx.Commit()
	}()
	await(t, direct, d.waits)
	return nothing, func() { <-committed }
}

var scenes = []scene{
	{name: "overtaken: 40001, 1020, 517", isolation: sql.LevelRepeatableRead, begin: func(d database) []string { return append(slices.Clone(d.snapshot), look) },
		rival: overtake, end: always(deposit)},
	{name: "deadlock: 40P01, 1213", begin: func(d database) []string { return append(slices.Clone(d.patience), deposit) },
		rival: deadlock, end: always(touch2), on: []string{"pgx", "postgres", "mariadb"}},
	{name: "lock not granted: 55P03, 1205, 5", begin: always(), rival: hold, end: func(d database) []string { return append(slices.Clone(d.noWait), deposit) }},
	{name: "connection cut off: 57P01, 2006", begin: always(deposit), rival: cutOff, end: always(touch1), on: []string{"pgx", "postgres", "mariadb"}},
	{name: "overtaken, and ignored by the function", isolation: sql.LevelRepeatableRead, begin: always(look),
		rival: overtake, end: always(deposit), ignore: true, on: []string{"pgx", "postgres"}},
	{name: "overtaken, and ignored by the function, with an outcome", isolation: sql.LevelRepeatableRead, begin: always(look),
		rival: overtake, end: always(deposit), ignore: true, outcome: retrysql.XactStatus{}, on: []string{"pgx", "postgres"}},
	{name: "deadlock, and ignored by the function", begin: always(deposit),
		rival: deadlock, end: always(touch2, "UPDATE account SET balance = balance + 1 WHERE id = 3"), ignore: true, on: []string{"mariadb"}},
}

// Each failure that another attempt cures makes the whole transaction again, once, with each database and driver.
func TestAgain(t *testing.T) {
	for _, d := range []database{postgresBy("pgx"), postgresBy("postgres"), maria, sqlite} {
		t.Run(d.name, func(t *testing.T) {
			direct, db := d.open(t)
			exec1(t, direct, "DROP TABLE IF EXISTS account", "CREATE TABLE account (id int PRIMARY KEY, balance int)")
			for _, sc := range scenes {
				if sc.on != nil && !slices.Contains(sc.on, d.name) {
					continue
				}
				t.Run(sc.name, func(t *testing.T) {
					exec1(t, direct, "DELETE FROM account", "INSERT INTO account VALUES (1, 0), (2, 0), (3, 0)")
					sc.play(t, d, direct, db)
					if b := scan[int](t, direct, look); b != 11 {
						t.Errorf("the balance is %d, want 11", b)
					}
					if b := scan[int](t, direct, "SELECT balance FROM account WHERE id = 3"); b > 1 {
						t.Errorf("what followed the failure took effect %d times", b)
					}
					await(t, direct, d.free)
					if d.name == maria.name && scan[int](t, db, "SELECT @@autocommit") != 1 {
						t.Error("a connection came back to the pool with autocommit off")
					}
				})
			}
		})
	}
}

// play makes the transaction, which must fail in its first attempt and succeed in the second.
func (sc scene) play(t *testing.T, d database, direct, db *sql.DB) {
	t.Helper()
	p := policy
	retries, gone := 0, nothing
	p.Observe = func(_ context.Context, e retry.Event) {
		if e.Retry {
			t.Log(e.Err)
			retries++
		}
	}
	err := retrysql.InTx(t.Context(), db, p, &retrysql.Options{Isolation: sc.isolation, Outcome: sc.outcome}, func(ctx context.Context, tx *sql.Tx) error {
		exec := func(queries []string) error {
			for _, q := range queries {
				if _, err := tx.ExecContext(ctx, q); err != nil && !sc.ignore {
					return err
				}
			}
			return nil
		}
		if retry.Attempt(ctx) > 1 {
			gone()
		}
		if err := exec(sc.begin(d)); err != nil {
			return err
		}
		if retry.Attempt(ctx) == 1 {
			var after func()
			after, gone = sc.rival(t, d, direct)
			defer after()
		}
		return exec(sc.end(d))
	})
	if err != nil {
		t.Fatal(err)
	}
	if retries != 1 {
		t.Errorf("%d retries, want 1", retries)
	}
	if inUse := db.Stats().InUse; inUse != 0 {
		t.Errorf("%d connections are in use after the call", inUse)
	}
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

// The same with pgx's own pool, and the value is that of the attempt that took effect.
func TestAgainWithAPool(t *testing.T) {
	s := need(t, postgres)
	direct, pool := s.open(t, "pgx", s.port), newPool(t, s, s.port)
	exec1(t, direct, "DROP TABLE IF EXISTS account", "CREATE TABLE account (id int PRIMARY KEY, balance int)", "INSERT INTO account VALUES (1, 0)")
	for name, ignore := range map[string]bool{"overtaken": false, "overtaken, and ignored by the function": true} {
		attempts := 0
		balance, err := retrypgx.GetTx(t.Context(), pool, policy, &retrypgx.Options{Tx: pgx.TxOptions{IsoLevel: pgx.RepeatableRead}},
			func(ctx context.Context, tx pgx.Tx) (balance int, err error) {
				attempts++
				if err := tx.QueryRow(ctx, look).Scan(&balance); err != nil {
					return 0, err
				}
				if attempts == 1 {
					exec1(t, direct, rivals)
				}
				_, err = tx.Exec(ctx, deposit)
				if ignore {
					err = nil
				}
				return balance + 1, err
			})
		if now := scan[int](t, direct, look); err != nil || attempts != 2 || balance != now {
			t.Errorf("%s: %d, %v after %d attempts; the balance is %d", name, balance, err, attempts, now)
		}
	}
	if n := pool.Stat().AcquiredConns(); n != 0 {
		t.Errorf("%d connections are in use", n)
	}
}

// What the guard is for: without it, MariaDB commits what followed the deadlock, and InTx hears nothing of it.
func TestMariaDBWithoutTheGuard(t *testing.T) {
	direct, db := maria.open(t)
	exec1(t, direct, "DROP TABLE IF EXISTS account", "CREATE TABLE account (id int PRIMARY KEY, balance int)", "INSERT INTO account VALUES (1, 0), (2, 0), (3, 0)")
	err := retrysql.InTx(t.Context(), db, policy, &retrysql.Options{Guard: retrysql.NeverGuard}, func(ctx context.Context, tx *sql.Tx) error {
		tx.ExecContext(ctx, deposit)
		deadlock(t, maria, direct)
		tx.ExecContext(ctx, touch2)
		_, err := tx.ExecContext(ctx, "UPDATE account SET balance = balance + 1 WHERE id = 3")
		return err
	})
	await(t, direct, maria.free) // the rival has committed
	one, three := scan[int](t, direct, look), scan[int](t, direct, "SELECT balance FROM account WHERE id = 3")
	if err != nil || one != 10 || three != 1 {
		t.Errorf("%v, balances %d and %d; want half of the work done and no error", err, one, three)
	}
}

// SQLite ends the transaction, and what follows takes effect on its own: nothing can be made again safely, and the caller is told.
func TestSQLiteRolledBackBehindTheFunction(t *testing.T) {
	db, _ := sqlite.open(t)
	exec1(t, db, "CREATE TABLE account (id int PRIMARY KEY, balance int)", "INSERT INTO account VALUES (1, 0)")
	attempts := 0
	err := retrysql.InTx(t.Context(), db, policy, nil, func(ctx context.Context, tx *sql.Tx) error {
		attempts++
		tx.ExecContext(ctx, "INSERT OR ROLLBACK INTO account VALUES (1, 0)")
		_, err := tx.ExecContext(ctx, deposit)
		return err
	})
	if !errors.Is(err, retrysql.ErrRolledBack) || attempts != 1 {
		t.Errorf("%v after %d attempts", err, attempts)
	}
}
