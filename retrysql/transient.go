package retrysql

import (
	"database/sql/driver"
	"errors"
	"io"
	"net"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/errtree"
)

// Transient reports whether a transaction that failed with err, and was rolled back, may succeed when it is retried. It is the
// RetryIf of [InTx] where the policy has none. It is true for:
//
//   - what [Refused] reports;
//   - a connection that was lost, refused or closed, a server that shuts down, and [database/sql/driver.ErrBadConn];
//   - [ErrRolledBack], and an attempt that exceeded Policy.Timeout.
//
// It is false for [ErrUnknown]: that transaction may have taken effect.
//
// For a single statement outside of a transaction, Transient is right if the statement can be executed twice without harm, such as a
// SELECT: when a connection is lost, nobody knows whether the statement took effect. For other statements use [Refused].
func Transient(err error) bool {
	switch {
	case err == nil || errtree.Endless(err) || errors.Is(err, ErrUnknown):
		return false
	case errors.Is(err, ErrRolledBack), errors.Is(err, retry.ErrTimeout):
		return true
	}
	c := codeOf(err)
	return refused(err, c) || lost(err, c)
}

// Refused reports whether err is the database's answer that a statement did not take effect and may succeed later, or says that no
// connection was made: serialization failures (SQLSTATE 40001), deadlocks (40P01, MySQL 1213), locks that weren't granted in time
// (55P03, MySQL 1205 and 3572, SQLite BUSY and LOCKED), too many connections (53300, MySQL 1040 and 1203), a server that starts
// (57P03), and dialing that failed. Such a statement can be executed again whatever it does.
//
// It is false for [database/sql/driver.ErrBadConn], although that should mean the same: lib/pq 1.12.3, and pgx from 5.9.1 to 5.12.0,
// also return it for statements that were sent and not answered.
func Refused(err error) bool {
	return err != nil && !errtree.Endless(err) && !errors.Is(err, ErrUnknown) && refused(err, codeOf(err))
}

func refused(err error, c code) bool {
	switch c.state {
	case "40001", "40P01", "55P03", "53300", "57P03":
		return true
	}
	switch c.mysql {
	case 1020, // the record has changed since the snapshot (MariaDB with innodb_snapshot_isolation)
		1040, 1203, // too many connections
		1205, 3572, // lock wait timeout, NOWAIT
		1213, // deadlock
		3101: // group replication: rolled back during COMMIT
		return true
	}
	if primary := c.sqlite & 0xff; primary == 5 || primary == 6 { // BUSY with BUSY_RECOVERY and BUSY_SNAPSHOT; LOCKED
		return true
	}
	var dial *net.OpError
	return errors.As(err, &dial) && dial.Op == "dial"
}

// lost reports whether err says that the connection was lost or the server is going away.
func lost(err error, c code) bool {
	switch {
	case c.state != "":
		return c.state[:2] == "08" || c.state == "57P01" || c.state == "57P02" || c.state == "57P05"
	case c.mysql != 0:
		switch c.mysql {
		case 1047, // a node of a cluster that isn't ready
			1053, 1927, // shutdown, connection killed
			2006, 2013: // server gone, connection lost: from proxies
			return true
		}
		return false
	}
	var op *net.OpError
	var dns *net.DNSError
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || // io.EOF: lib/pq, of a server that stops while it connects
		errors.As(err, &op) || errors.As(err, &dns) ||
		says(err, "invalid connection") || // go-sql-driver/mysql: ErrInvalidConn
		says(err, "conn closed") // pgx: ErrConnClosed
}

// rolledBack reports whether err, the error of a COMMIT, proves that the transaction did not take effect. Where it is silent, the
// outcome is unknown.
func rolledBack(err error) bool {
	if errtree.Endless(err) {
		return false
	}
	if errors.Is(err, ErrRolledBack) {
		return true
	}
	switch c := codeOf(err); {
	case c.state != "":
		// An error of PostgreSQL aborts the transaction, unless it comes from a connection or server that is going
		// away. 40003 is "statement completion unknown", which CockroachDB uses.
		switch class := c.state[:2]; class {
		case "08", "58", "XX":
			return false
		}
		return c.state != "40003" && c.state[:3] != "57P"
	case c.mysql != 0:
		return c.mysql == 1020 || c.mysql == 1205 || c.mysql == 1213 || c.mysql == 3101
	case c.sqlite != 0:
		switch c.sqlite & 0xff {
		case 5, 6, 13, 19: // BUSY, LOCKED, FULL, CONSTRAINT
			return true
		}
	}
	return false
}
