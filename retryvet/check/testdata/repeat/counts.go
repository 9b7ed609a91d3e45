package repeat

import (
	"context"
	"database/sql"
	"io"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysql"
)

// Reported.

func sum(ctx context.Context, db *sql.DB) (total int, err error) {
	err = retry.Do(ctx, p, func(ctx context.Context) error {
		rows, err := db.QueryContext(ctx, "SELECT n FROM t")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var n int
			if err := rows.Scan(&n); err != nil {
				return err
			}
			total += n // want `an attempt that fails after this has already counted rows in total, and the next attempt counts them again; count in a variable of the attempt's own`
		}
		return rows.Err()
	})
	return total, err
}

func byName(ctx context.Context, db *sql.DB) (map[string]int, error) {
	names := map[string]int{}
	var all struct{ n, long int }
	err := retrysql.InTx(ctx, db, p, nil, func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "SELECT name FROM t")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			names[name]++ // want `already counted rows in names\[name\]`
			if len(name) > 10 {
				all.long++ // want `already counted rows in all.long`
			}
		}
		return rows.Err()
	})
	return names, err
}

// Not reported.

func ofTheAttemptsOwn(ctx context.Context, db *sql.DB) (total int, err error) {
	err = retry.Do(ctx, p, func(ctx context.Context) error {
		rows, err := db.QueryContext(ctx, "SELECT n FROM t")
		if err != nil {
			return err
		}
		defer rows.Close()
		sum := 0
		for rows.Next() {
			var n int
			if err := rows.Scan(&n); err != nil {
				return err
			}
			sum += n
		}
		total = sum
		return rows.Err()
	})
	return total, err
}

func begunAnew(ctx context.Context, db *sql.DB) (total int, names map[string]int, err error) {
	names = map[string]int{}
	err = retry.Do(ctx, p, func(ctx context.Context) error {
		total = 0
		clear(names)
		rows, err := db.QueryContext(ctx, "SELECT name, n FROM t")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			var n int
			if err := rows.Scan(&name, &n); err != nil {
				return err
			}
			total += n
			names[name] += n
		}
		return rows.Err()
	})
	return total, names, err
}

func goesOn(ctx context.Context, db *sql.DB) (total int, err error) {
	last := 0
	err = retry.Do(ctx, p, func(ctx context.Context) error {
		rows, err := db.QueryContext(ctx, "SELECT id, n FROM t WHERE id > ? ORDER BY id", last)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var n int
			if err := rows.Scan(&last, &n); err != nil {
				return err
			}
			if n > 0 {
				total += n
			}
		}
		return rows.Err()
	})
	return total, err
}

// What the caller queried isn't queried again.
func onlyRead(ctx context.Context, rows *sql.Rows) (total int, err error) {
	err = retry.Do(ctx, p, func(ctx context.Context) error {
		for rows.Next() {
			total++
		}
		return rows.Err()
	})
	return total, err
}

// Of attempts, of bytes, of answers.
func counted(ctx context.Context, r func() io.Reader) (int, int64, map[string]int, error) {
	n, size, answers := 0, int64(0), map[string]int{}
	err := retry.Do(ctx, p, func(ctx context.Context) error {
		n++
		s, err := fetch(ctx)
		answers[s]++
		if err != nil {
			return err
		}
		written, err := io.Copy(io.Discard, r())
		size += written
		return err
	})
	return n, size, answers, err
}
