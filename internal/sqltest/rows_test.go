//go:build linux

package sqltest

import (
	"context"
	"database/sql"
	"sync"
	"testing"

	"github.com/callagain/retry/internal/sidebyside"
	"github.com/callagain/retry/retrysql"
)

// The table "Beside the others" of docs/sql.md.
//
//	go test -count=1 -v -run 'LostCommit|Conflicts' . | grep '^|'
var table = sidebyside.Table{
	Page:    "../../docs/sql.md",
	Columns: []string{byLoop, byCRDB, "InTx", "InTx, XactStatus", "InTx, Ledger"},
}

const (
	byLoop = "a loop by hand"
	byCRDB = "crdb.ExecuteTx"
)

const (
	twiceApplied = "transactions, a fifth of the answers to COMMIT lost: applied twice"
	neverApplied = "the same: reported as done, and never applied"
	notTold      = "the same: the caller isn't told which it was"
	givenUp      = "480 transfers under SERIALIZABLE, 16 workers: given up"
)

var most = struct {
	sync.Mutex
	of map[[2]string]int
}{of: map[[2]string]int{}}

// saw notes a number, of which the largest of all drivers counts.
func saw(question, column string, n int) {
	most.Lock()
	defer most.Unlock()
	key := [2]string{question, column}
	most.of[key] = max(most.of[key], n)
	answer := "none"
	switch n := most.of[key]; {
	case n > *inserts/10 && question != givenUp:
		answer = "more than a tenth"
	case n > 0:
		answer = "some"
	}
	table.Saw(question, column, answer)
}

func (r result) saw(column string) {
	saw(twiceApplied, column, r.twice)
	saw(neverApplied, column, r.missing)
	saw(notTold, column, r.unknown)
}

// Nothing is given up under conflict that a careful loop saves.
func TestConflicts(t *testing.T) {
	s := need(t, postgres)
	db := s.open(t, "pgx", s.port)
	exec1(t, db, "DROP TABLE IF EXISTS retry_ledger", ledgerTable)
	ledger := func(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
		return retrysql.InTx(ctx, db, patient, &retrysql.Options{Isolation: sql.LevelSerializable, Outcome: retrysql.Ledger{}}, f)
	}
	for _, w := range append(collisions(db), collision{"InTx, Ledger", ledger}) {
		exec1(t, db, bank...)
		failures := collide(w.tx)
		t.Logf("%s: %d given up", w.name, failures)
		if sum := scan[int](t, db, "SELECT sum(balance) FROM bank"); sum != 40_000 {
			t.Errorf("%s: the sum is %d", w.name, sum)
		}
		if w.name != byCRDB && failures > 0 {
			t.Errorf("%s has given up %d", w.name, failures)
		}
		saw(givenUp, w.name, int(failures))
	}
}
