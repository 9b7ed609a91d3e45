package retrysql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"testing"

	"github.com/callagain/retry"
)

type stateError string // as pgx and lib/pq have

func (e stateError) Error() string    { return "ERROR (SQLSTATE " + string(e) + ")" }
func (e stateError) SQLState() string { return string(e) }

type sqliteError int // as modernc.org/sqlite has

func (e sqliteError) Error() string { return fmt.Sprintf("sqlite: %d", int(e)) }
func (e sqliteError) Code() int     { return int(e) }

// Each error is told whether a transaction, and a single statement whatever it does, may be retried, and whether it proves, as the
// answer to COMMIT, that nothing took effect. internal/sqltest has the drivers' own errors.
func TestClasses(t *testing.T) {
	for _, c := range []struct {
		name                           string
		err                            error
		transient, refused, rolledBack bool
	}{
		{"nil", nil, false, false, false},
		{"serialization failure", stateError("40001"), true, true, true},
		{"deadlock", stateError("40P01"), true, true, true},
		{"lock not available", stateError("55P03"), true, true, true},
		{"too many connections", stateError("53300"), true, true, true},
		{"starting up", stateError("57P03"), true, true, false},
		{"shutdown", stateError("57P01"), true, false, false},
		{"crash", stateError("57P02"), true, false, false},
		{"database dropped", stateError("57P04"), false, false, false},
		{"connection failure", stateError("08006"), true, false, false},
		{"completion unknown", stateError("40003"), false, false, false},
		{"unique violation", stateError("23505"), false, false, true},
		{"statement timeout", stateError("57014"), false, false, true},
		{"internal error", stateError("XX000"), false, false, false},
		{"no SQLSTATE", stateError(""), false, false, false},
		{"MySQL deadlock", errors.New("Error 1213 (40001): Deadlock found when trying to get lock"), true, true, true},
		{"MySQL deadlock, old driver", errors.New("Error 1213: Deadlock found when trying to get lock"), true, true, true},
		{"MySQL deadlock, go-mysql-org/go-mysql", errors.New("ERROR 1213 (40001): Deadlock found when trying to get lock"), true, true, true},
		{"MySQL lock wait timeout", errors.New("Error 1205 (HY000): Lock wait timeout exceeded"), true, true, true},
		{"MySQL NOWAIT", errors.New("Error 3572 (HY000): Statement aborted because lock(s) could not be acquired immediately"), true, true, false},
		{"MySQL too many connections", errors.New("Error 1040 (08004): Too many connections"), true, true, false},
		{"MySQL shutdown", errors.New("Error 1053 (08S01): Server shutdown in progress"), true, false, false},
		{"MySQL duplicate", errors.New("Error 1062 (23000): Duplicate entry"), false, false, false},
		{"MySQL interrupted", errors.New("Error 1317 (70100): Query execution was interrupted"), false, false, false},
		{"looks like MySQL", errors.New("Error 1213 was shown"), false, false, false},
		{"mysql.ErrInvalidConn", errors.New("invalid connection"), true, false, false},
		{"pgconn.ErrConnClosed", fmt.Errorf("f: %w", errors.New("conn closed")), true, false, false},
		{"SQLITE_BUSY", sqliteError(5), true, true, true},
		{"SQLITE_BUSY_SNAPSHOT", sqliteError(517), true, true, true},
		{"SQLITE_LOCKED", sqliteError(6), true, true, true},
		{"SQLITE_CONSTRAINT", sqliteError(19), false, false, true},
		{"SQLITE_IOERR", sqliteError(10), false, false, false},
		{"ErrBadConn", driver.ErrBadConn, true, false, false},
		{"dial", &net.OpError{Op: "dial", Err: errors.New("connection refused")}, true, true, false},
		{"read", &net.OpError{Op: "read", Err: errors.New("connection reset")}, true, false, false},
		{"name not found", &net.DNSError{IsNotFound: true}, true, false, false},
		{"unexpected EOF", io.ErrUnexpectedEOF, true, false, false},
		{"wrapped", fmt.Errorf("transfer: %w", stateError("40001")), true, true, true},
		{"joined", errors.Join(errors.New("a"), fmt.Errorf("b: %w", sqliteError(517))), true, true, true},
		{"wrapped MySQL", fmt.Errorf("transfer: %w", errors.New("Error 1213 (40001): Deadlock")), true, true, true},
		{"attempt timed out", retry.ErrTimeout, true, false, false},
		{"deadline", context.DeadlineExceeded, false, false, false},
		{"rolled back", ErrRolledBack, true, false, true},
		{"unknown", ErrUnknown, false, false, false},
		{"unknown after a lost connection", fmt.Errorf("%w: %w", ErrUnknown, driver.ErrBadConn), false, false, false},
		{"sql.ErrNoRows", sql.ErrNoRows, false, false, false},
		{"the caller's own", errors.New("insufficient funds"), false, false, false},
	} {
		if got := Transient(c.err); got != c.transient {
			t.Errorf("%s: Transient is %v", c.name, got)
		}
		if got := Refused(c.err); got != c.refused {
			t.Errorf("%s: Refused is %v", c.name, got)
		}
		if got := c.err != nil && rolledBack(c.err); got != c.rolledBack {
			t.Errorf("%s: rolledBack is %v", c.name, got)
		}
	}
}

// Whatever an error's text is, the number is one that stands at its beginning.
func FuzzMySQLNumber(f *testing.F) {
	for _, s := range []string{"Error 1213 (40001): Deadlock", "Error 1213: Deadlock", "Error 65535: x", "Error 1213 (40001)", "Error : ", "Error 0001: ", "Error 99999999999999999999: ", "ERROR 1213 (40001): x", "Error 1 (000ʊ): ", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := mysqlNumber(s)
		if n == 0 {
			return
		}
		if !regexp.MustCompile(fmt.Sprintf(`(?s)^(Error|ERROR) %d( \([0-9A-Z]{5}\))?: `, n)).MatchString(s) {
			t.Errorf("%q has number %d", s, n)
		}
	})
}
