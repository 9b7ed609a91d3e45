package retrysql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"reflect"
	"strings"
)

// A Guard says whether [InTx] protects a transaction of MySQL or MariaDB from going on after it is gone. When these servers detect a
// deadlock they roll back the whole transaction, and execute the statements that follow on their own, each with a commit. If the
// function ignores the deadlock's error, half of its work takes effect.
//
// The guard turns autocommit off in the meantime and looks for a savepoint before COMMIT: if it is gone, everything is rolled back
// and retried. It costs four short statements for each transaction. MySQL also ends a transaction at statements that define data,
// such as CREATE TABLE; these have no place in a function that may be called again.
type Guard int

const (
	AutoGuard   Guard = iota // on if the path of the driver's package contains "mysql" or "mariadb"
	AlwaysGuard              // on, for a driver that hides which database it is for
	NeverGuard               // off, for functions that return every error of their statements
)

func (g Guard) on(db *sql.DB) bool {
	if g != AutoGuard {
		return g == AlwaysGuard
	}
	t := reflect.TypeOf(db.Driver())
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil {
		return false
	}
	path := strings.ToLower(t.PkgPath())
	return strings.Contains(path, "mysql") || strings.Contains(path, "mariadb")
}

const savepoint = "retrysql_guard"

// A guarded is a transaction on a connection of its own, which has autocommit turned off.
type guarded struct {
	sqlTx
	conn *sql.Conn
}

func beginGuarded(ctx context.Context, db *sql.DB, opts *sql.TxOptions) (_ Tx, err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			discard(conn)
		}
	}()
	if _, err := conn.ExecContext(ctx, "SET autocommit=0"); err != nil {
		return nil, err
	}
	tx, err := conn.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	g := &guarded{sqlTx{tx}, conn}
	if err := g.Exec(ctx, "SAVEPOINT "+savepoint); err != nil {
		tx.Rollback() // before the connection can be closed
		return nil, err
	}
	return g, nil
}

func (g *guarded) check(ctx context.Context) error {
	err := g.Exec(ctx, "RELEASE SAVEPOINT "+savepoint)
	if codeOf(err).mysql == 1305 { // SAVEPOINT … does not exist
		return fmt.Errorf("%w: its savepoint is gone: %w", ErrRolledBack, err)
	}
	return err
}

func (g *guarded) Commit(ctx context.Context) error { return g.giveBack(ctx, g.sqlTx.Commit(ctx)) }

func (g *guarded) Rollback(ctx context.Context) error {
	return g.giveBack(ctx, g.sqlTx.Rollback(ctx))
}

// giveBack gives the connection back to the pool as it came, or closes it.
func (g *guarded) giveBack(ctx context.Context, err error) error {
	if err == nil {
		if _, resetErr := g.conn.ExecContext(ctx, "SET autocommit=1"); resetErr == nil {
			g.conn.Close()
			return nil
		}
	}
	discard(g.conn)
	return err
}

// discard closes the connection instead of giving it back.
func discard(conn *sql.Conn) {
	conn.Raw(func(any) error { return driver.ErrBadConn })
	conn.Close()
}
