package retrysql

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"strings"

	"github.com/callagain/retry/internal/errtree"
)

// A Ledger is an [Outcome] for any database with transactions: each transaction writes a row under the call's key to a table. It
// costs a short statement for each transaction. The table must exist:
//
//	CREATE TABLE retry_ledger (id varchar(64) PRIMARY KEY, at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP)
//
// Rows that are older than any call may be deleted at any time. The row is written before the function is called, so the function
// can't set the isolation level by a statement.
type Ledger struct {
	Table string // if empty, "retry_ledger"; letters, digits, '_' and '.'

	// Key names the work. If there is a row for it, another call has done the work: InTx returns [ErrApplied]. So work is done
	// once by any number of processes that may end at any time. If Key is empty, each call has a random one. It may have up to 64 letters,
	// digits and characters of "-_.:".
	Key string
}

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func (l Ledger) check() error {
	if strings.Trim(l.Table, alphanumeric+"_.") != "" {
		return fmt.Errorf("Ledger.Table is %q; it may have letters, digits, '_' and '.'", l.Table)
	}
	if len(l.Key) > 64 || strings.Trim(l.Key, alphanumeric+"-_.:") != "" {
		return fmt.Errorf("Ledger.Key is %q; it may have up to 64 letters, digits and characters of \"-_.:\"", l.Key)
	}
	return nil
}

func (l Ledger) oracle() oracle {
	if l.Table == "" {
		l.Table = "retry_ledger"
	}
	if l.Key == "" {
		l.Key = rand.Text()
	}
	return ledger{l}
}

type ledger struct{ Ledger }

func (l ledger) insert(ctx context.Context, tx Tx) error {
	if err := tx.Exec(ctx, "INSERT INTO "+l.Table+" (id) VALUES ('"+l.Key+"')"); err != nil {
		return fmt.Errorf("writing to %s: %w", l.Table, err)
	}
	return nil
}

func (l ledger) before(ctx context.Context, tx Tx) error { return l.insert(ctx, tx) }

func (l ledger) after(context.Context, Tx) (witness, error) { return l, nil }

// ask looks for the row. A row that isn't seen may still be on its way: only a row that can be inserted wasn't, and won't be, written by
// the earlier transaction, since the database lets the insertion wait until that has ended.
func (l ledger) ask(ctx context.Context, begin func(context.Context) (Tx, error)) (committed bool, err error) {
	err = briefly(ctx, begin, func(tx Tx) error {
		_, err := tx.Query(ctx, "SELECT id FROM "+l.Table+" WHERE id = '"+l.Key+"'")
		if errtree.Is(err, sql.ErrNoRows) {
			return l.insert(ctx, tx)
		}
		committed = err == nil
		return err
	})
	return committed, err
}
