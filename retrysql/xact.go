package retrysql

import (
	"context"
	"fmt"
	"strings"

	"github.com/callagain/retry"
)

// XactStatus is an [Outcome] that asks PostgreSQL, by pg_xact_status of the transaction's id. It costs a short statement for each
// transaction, which needs PostgreSQL 13 or later (better 15: before, the server may take milliseconds for it), and no privilege.
//
// It knows the outcome after anything that happens to connections, and after an orderly restart of the server. A server that crashes,
// or a standby that takes its place, may give the id of a transaction that was lost to another one. So if the server
// crashed in the meantime and the id is that of a committed transaction, the outcome is [ErrUnknown]. A [Ledger] knows it.
type XactStatus struct{}

func (XactStatus) check() error   { return nil }
func (XactStatus) oracle() oracle { return xact{} }

type xact struct {
	id   string
	life string // of the server: serverLife
}

// Statistics are reset by each recovery from a crash, and each server has its own, so the time of their last reset tells whether this
// still is the server that gave the id. The start time wouldn't do: PostgreSQL also recovers without a new start.
const serverLife = "coalesce(extract(epoch FROM stats_reset)::text, '') FROM pg_stat_bgwriter"

func (xact) before(context.Context, Tx) error { return nil }

func (xact) after(ctx context.Context, tx Tx) (witness, error) {
	text, err := tx.Query(ctx, "SELECT pg_current_xact_id()::text || ' ' || "+serverLife)
	if codeOf(err).state == "25P02" { // it was aborted by an error that the function ignored
		return nil, fmt.Errorf("%w: %w", ErrRolledBack, err)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the transaction's id: %w", err)
	}
	id, life, _ := strings.Cut(text, " ")
	if id == "" || strings.Trim(id, "0123456789") != "" {
		return nil, fmt.Errorf("reading the transaction's id: it is %q, not a number", id)
	}
	return xact{id, life}, nil
}

func (x xact) ask(ctx context.Context, begin func(context.Context) (Tx, error)) (committed bool, err error) {
	err = briefly(ctx, begin, func(tx Tx) error {
		text, err := tx.Query(ctx, "SELECT CASE WHEN pg_is_in_recovery() THEN 'on another server than this standby' "+
			"ELSE coalesce(pg_xact_status('"+x.id+"'::xid8), 'forgotten') END || ';' || "+serverLife)
		if codeOf(err).state == "22023" { // the id is in the future: it was lost in a crash
			return nil
		}
		if err != nil {
			return err
		}
		status, life, _ := strings.Cut(text, ";")
		switch {
		case status == "aborted":
			return nil
		case status == "committed" && life == x.life:
			committed = true
			return nil
		case status == "committed":
			return retry.Stop(fmt.Errorf("the server crashed, and transaction %s may be another one now", x.id))
		}
		// It is "in progress" as long as the server hasn't seen that the connection is gone.
		return fmt.Errorf("the transaction is %s", status)
	})
	return committed, err
}
