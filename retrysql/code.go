package retrysql

import (
	"strconv"
	"strings"

	"github.com/callagain/retry/internal/errtree"
)

// A code is what the database called an error: at most one of the fields is set.
type code struct {
	state  string // SQLSTATE: five characters
	mysql  int    // MySQL's error number
	sqlite int    // SQLite's extended result code
}

// codeOf finds the code of the first error in the tree of err that has one. Drivers are told apart by what their errors do, so that
// none has to be imported:
//
//   - pgx and lib/pq have a method SQLState.
//   - modernc.org/sqlite has a method Code that returns an int.
//   - go-sql-driver/mysql has only struct fields. The number is read from the text, whose beginning hasn't changed since the
//     driver's first release: "Error 1213 (40001): …", "Error 1213: …" in old ones. Reading the field by reflection
//     would depend on its name and type in the same way; a hook to be set by the caller would be forgotten. So it is for
//     go-mysql-org/go-mysql, which writes "ERROR 1213 (40001): …".
func codeOf(err error) (c code) {
	errtree.Find(err, func(err error) bool {
		switch e := err.(type) {
		case interface{ SQLState() string }:
			if s := e.SQLState(); len(s) == 5 {
				c.state = s
			}
		case interface{ Code() int }:
			c.sqlite = e.Code()
		default:
			c.mysql = mysqlNumber(errtree.Text(err))
		}
		return c != code{}
	})
	return c
}

// mysqlNumber returns the number at the beginning of a text such as "Error 1213 (40001): Deadlock found", or 0.
func mysqlNumber(text string) int {
	rest, ok := strings.CutPrefix(text, "Error ")
	if !ok {
		rest, ok = strings.CutPrefix(text, "ERROR ")
	}
	if !ok {
		return 0
	}
	digits := 0
	for digits < len(rest) && '0' <= rest[digits] && rest[digits] <= '9' {
		digits++
	}
	n, err := strconv.Atoi(rest[:digits])
	if err != nil || digits > 5 || rest[0] == '0' {
		return 0
	}
	rest = rest[digits:]
	if len(rest) > 8 && rest[:2] == " (" && isState(rest[2:7]) && rest[7] == ')' {
		rest = rest[8:]
	}
	if !strings.HasPrefix(rest, ": ") {
		return 0
	}
	return n
}

// isState reports whether s is made of what a SQLSTATE is made of.
func isState(s string) bool {
	return strings.Trim(s, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// says reports whether an error in the tree of err has exactly this text. It stands for errors.Is where the error belongs to a driver.
func says(err error, text string) bool {
	return errtree.Find(err, func(err error) bool { return errtree.Text(err) == text })
}
