package programs

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrysql"
)

func newStore(db *sql.DB) *store {
	return &store{db, retry.Policy{Budget: new(retry.Budget), Timeout: time.Second}}
}

func (s *store) transfer(ctx context.Context, from, to string, cents int) error {
	return retrysql.InTx(ctx, s.db, s.policy, nil, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE accounts SET cents = cents - $1 WHERE id = $2", cents, from); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE accounts SET cents = cents + $1 WHERE id = $2", cents, to)
		return err
	})
}

// names collects into a slice of the transaction's own.
func (s *store) names(ctx context.Context) ([]string, error) {
	return retrysql.GetTx(ctx, s.db, s.policy, nil, func(ctx context.Context, tx *sql.Tx) ([]string, error) {
		rows, err := tx.QueryContext(ctx, "SELECT name FROM accounts")
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		var all []string
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return nil, err
			}
			all = append(all, name)
		}
		return all, rows.Err()
	})
}

// namesOut empties the caller's slice first.
func (s *store) namesOut(ctx context.Context) (all []string, err error) {
	err = retrysql.InTx(ctx, s.db, s.policy, nil, func(ctx context.Context, tx *sql.Tx) error {
		all = all[:0]
		rows, err := tx.QueryContext(ctx, "SELECT name FROM accounts")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			all = append(all, name)
		}
		return rows.Err()
	})
	return all, err
}

// A command's output is collected anew for each attempt.
func command(ctx context.Context, name string, args ...string) (string, error) {
	var out bytes.Buffer
	err := retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		out.Reset()
		c := exec.CommandContext(ctx, name, args...)
		c.Stdout = &out
		return c.Run()
	})
	return out.String(), err
}

// Pages are fetched one after the other, each in a call of its own.
func pages(ctx context.Context, get func(context.Context, string) ([]string, string, error)) ([]string, error) {
	var all []string
	type page struct {
		items []string
		next  string
	}
	for token := "start"; token != ""; {
		p, err := retry.Get(ctx, retry.Policy{Name: "pages"}, func(ctx context.Context) (page, error) {
			items, next, err := get(ctx, token)
			return page{items, next}, err
		})
		if err != nil {
			return nil, err
		}
		all = append(all, p.items...)
		token = p.next
	}
	return all, nil
}

// pagesLoop goes on where a failed attempt was: what it has got counts.
func pagesLoop(ctx context.Context, get func(context.Context, string) ([]string, string, error)) ([]string, error) {
	var all []string
	token := "start"
	err := retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		for token != "" {
			items, next, err := get(ctx, token)
			if err != nil {
				return err
			}
			all = append(all, items...)
			token = next
		}
		return nil
	})
	return all, err
}

// fanOut makes calls side by side, each with its own Loop.
func fanOut(ctx context.Context, urls []string, get func(context.Context, string) error) error {
	errs := make([]error, len(urls))
	var all sync.WaitGroup
	for i, url := range urls {
		all.Go(func() {
			var loop retry.Loop
			for ctx := range loop.Attempts(ctx, retry.Policy{}) {
				if loop.Done(get(ctx, url)) {
					break
				}
			}
			errs[i] = loop.Err()
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// Attempts are counted.
func counted(ctx context.Context, f func(context.Context) error) (tries int, err error) {
	var n atomic.Int32
	err = retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		n.Add(1)
		return f(ctx)
	})
	return int(n.Load()), err
}

// fallback tries another way when retrying has failed.
func fallback(ctx context.Context, first, second func(context.Context) (string, error)) (string, error) {
	s, err := retry.Get(ctx, retry.Policy{Attempts: 2}, first)
	if errors.Is(err, retry.ErrExhausted) {
		slog.WarnContext(ctx, "first", "err", err)
		return second(ctx)
	}
	return s, err
}

// lead calls something that retries when the outer call is over.
func lead(ctx context.Context, acquire, work func(context.Context) error) error {
	for ctx.Err() == nil {
		if err := retry.Do(ctx, retry.Policy{Attempts: retry.Unlimited}, acquire); err != nil {
			return err
		}
		if err := retry.Do(ctx, retry.Policy{}, work); err != nil {
			slog.Error("work", "err", err)
		}
	}
	return ctx.Err()
}

// warm ignores an inner call's failure.
func warm(ctx context.Context, cache, load func(context.Context) error) error {
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		if err := retry.Do(ctx, retry.Policy{Attempts: 2}, cache); err != nil {
			slog.Warn("no cache", "err", err)
		}
		return load(ctx)
	})
}

// reused lets go of the inner call's error before the attempt ends with another one.
func reused(ctx context.Context, cache, load func(context.Context) error) error {
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		err := retry.Do(ctx, retry.Policy{Attempts: 2}, cache)
		if err != nil {
			slog.Warn("no cache", "err", err)
		}
		err = load(ctx)
		return err
	})
}

// A watch is told to go on by its own context; what it starts outlives the attempt.
func watch(ctx context.Context, subscribe func(context.Context) (<-chan string, error), out chan<- string) error {
	return retry.Do(ctx, retry.Policy{Attempts: retry.Unlimited}, func(attempt context.Context) error {
		in, err := subscribe(attempt)
		if err != nil {
			return err
		}
		for {
			select {
			case s, ok := <-in:
				if !ok {
					return retry.Progress(errors.New("closed"))
				}
				out <- s
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	})
}
