//go:build linux

package sqltest

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/callagain/retry/retrysql"
)

// A server that crashes may give the id of a transaction that it has lost to another one, which pg_xact_status then tells of.
func TestXactStatusAfterCrash(t *testing.T) {
	s := need(t, postgres)
	direct := s.open(t, "pgx", s.port)
	exec1(t, direct, "DROP TABLE IF EXISTS one", "CREATE TABLE one (n int)")
	for name, others := range map[string]bool{"its id is free": false, "its id was used again": true} {
		t.Run(name, func(t *testing.T) {
			exec1(t, direct, "DELETE FROM one")
			p := newProxy(t, s, isCommit)
			db := s.open(t, "pgx", p.port)
			var id, again int
			p.set(func(n int64) cut {
				if n > 1 {
					return pass
				}
				p.closed.Lock()
				defer p.closed.Unlock()
				s.kill()
				if err := s.start(); err != nil {
					t.Error(err)
				}
				await(t, direct, "SELECT true") // its connections are broken
				for again < id && others {
					again = scan[int](t, direct, "SELECT pg_current_xact_id()::text::bigint")
				}
				return cutRequest
			})
			err := retrysql.InTx(t.Context(), db, policy, &retrysql.Options{Outcome: retrysql.XactStatus{}}, func(ctx context.Context, tx *sql.Tx) error {
				if _, err := tx.ExecContext(ctx, "INSERT INTO one VALUES (1)"); err != nil {
					return err
				}
				return tx.QueryRowContext(ctx, "SELECT pg_current_xact_id()::text::bigint").Scan(&id)
			})
			await(t, direct, "SELECT true")
			applied := scan[int](t, direct, "SELECT count(*) FROM one")
			t.Logf("id %d, used again: %v; %v", id, again == id, err)
			if others && again != id {
				t.Error("the id wasn't used again")
			}
			if others && (!errors.Is(err, retrysql.ErrUnknown) || applied != 0) || !others && (err != nil || applied != 1) {
				t.Errorf("%v, applied %d times", err, applied)
			}
		})
	}
}
