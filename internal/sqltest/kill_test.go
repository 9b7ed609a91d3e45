//go:build linux

package sqltest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysql"
	"github.com/callagain/retry/retrysql/retrypgx"
	"github.com/jackc/pgx/v5"
)

const (
	accounts = 20
	opening  = 1000 // of each account
	// How many transfers are made between two disturbances, and how many disturbances.
	between, disturbances = 150, 6
)

// The server is killed and restarted in the middle of transfers: no money is lost or made, and no transfer is made twice or forgotten.
func TestKill(t *testing.T) {
	for _, w := range []struct {
		driver  string
		outcome retrysql.Outcome
	}{{"pgx", retrysql.XactStatus{}}, {"postgres", retrysql.XactStatus{}}, {"pool", retrysql.XactStatus{}}, {"pgx", retrysql.Ledger{}}, {"mysql", retrysql.Ledger{}}} {
		t.Run(fmt.Sprintf("%s %T", w.driver, w.outcome), func(t *testing.T) {
			start, tables := postgres, ""
			if w.driver == "mysql" {
				start, tables = mariadb, " ENGINE=InnoDB"
			}
			s := need(t, start)
			direct := s.open(t, s.driver, s.port)
			exec1(t, direct, "DROP TABLE IF EXISTS bank", "DROP TABLE IF EXISTS transfers", "DROP TABLE IF EXISTS retry_ledger", ledgerTable+tables,
				"CREATE TABLE bank (id int PRIMARY KEY, balance int)"+tables, "CREATE TABLE transfers (n int)"+tables)
			for id := range accounts {
				exec1(t, direct, fmt.Sprintf("INSERT INTO bank VALUES (%d, %d)", id, opening))
			}
			transfer, inUse := transfers(t, s, w.driver, w.outcome)
			errs := disturb(t, s, transfer)

			direct = s.open(t, s.driver, s.port)
			if sum := scan[int](t, direct, "SELECT sum(balance) FROM bank"); sum != accounts*opening {
				t.Errorf("the sum of all accounts is %d, want %d", sum, accounts*opening)
			}
			made := counts(t, direct, "SELECT n, count(*) FROM transfers GROUP BY n")
			unknown := 0
			for i, err := range errs {
				// After a crash, pg_xact_status isn't always to be trusted: XactStatus says so.
				_, xact := w.outcome.(retrysql.XactStatus)
				doubt := xact && errors.Is(err, retrysql.ErrUnknown)
				if doubt {
					unknown++
				}
				if times := made[i+1]; err != nil && !doubt || times > 1 || times == 0 && !doubt {
					t.Errorf("transfer %d was made %d times: %v", i+1, times, err)
				}
			}
			t.Logf("%d transfers, of which %d unknown", len(errs), unknown)
			awaitIdle(t, inUse)
			locks := "SELECT count(*) = 0 FROM pg_locks WHERE relation IN ('bank'::regclass, 'transfers'::regclass)"
			if w.driver == "mysql" {
				locks = "SELECT count(*) = 0 FROM information_schema.innodb_trx"
			}
			await(t, direct, locks)
		})
	}
}

// transfers returns a function that makes transfer number n between random accounts, and one that counts the connections in use.
func transfers(t *testing.T, s *server, driver string, outcome retrysql.Outcome) (transfer func(n int) error, inUse func() int) {
	p := retry.Policy{Name: "transfer", Attempts: retry.Unlimited, Backoff: retry.Exponential{Initial: 5 * time.Millisecond, Max: 500 * time.Millisecond}, Within: 2 * time.Minute}
	work := func(n int, exec func(string) error) error {
		from, to, amount := rand.IntN(accounts), rand.IntN(accounts), 1+rand.IntN(9)
		for _, q := range []string{
			fmt.Sprintf("UPDATE bank SET balance = balance - %d WHERE id = %d", amount, from),
			fmt.Sprintf("UPDATE bank SET balance = balance + %d WHERE id = %d", amount, to),
			fmt.Sprintf("INSERT INTO transfers VALUES (%d)", n),
		} {
			if err := exec(q); err != nil {
				return err
			}
		}
		return nil
	}
	if driver == "pool" {
		pool := newPool(t, s, s.port)
		o := &retrypgx.Options{Outcome: outcome}
		return func(n int) error {
			return retrypgx.InTx(t.Context(), pool, p, o, func(ctx context.Context, tx pgx.Tx) error {
				return work(n, func(q string) error { _, err := tx.Exec(ctx, q); return err })
			})
		}, func() int { return int(pool.Stat().AcquiredConns()) }
	}
	db := s.open(t, driver, s.port)
	o := &retrysql.Options{Outcome: outcome}
	return func(n int) error {
		return retrysql.InTx(t.Context(), db, p, o, func(ctx context.Context, tx *sql.Tx) error {
			return work(n, func(q string) error { _, err := tx.ExecContext(ctx, q); return err })
		})
	}, func() int { return db.Stats().InUse }
}

// disturb makes transfers with 16 workers. Meanwhile the server is killed and restarted in turn, each time after some transfers.
func disturb(t *testing.T, s *server, transfer func(n int) error) []error {
	errs := make([]error, between*disturbances)
	var next atomic.Int64
	milestones := make(chan int64, disturbances)
	var workers sync.WaitGroup
	for range 16 {
		workers.Go(func() {
			for n := next.Add(1); n <= between*disturbances; n = next.Add(1) {
				if n%between == between/2 {
					milestones <- n
				}
				errs[n-1] = transfer(int(n))
			}
		})
	}
	go func() { workers.Wait(); close(milestones) }()
	kill := true
	for range milestones {
		var err error
		if kill {
			s.kill()
			err = s.start()
		} else {
			err = s.restart()
		}
		if err != nil {
			t.Error(err)
		}
		kill = !kill
	}
	return errs
}
