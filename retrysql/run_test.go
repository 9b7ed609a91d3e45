package retrysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
)

// A store is a Tx whose answers are scripted, and which notes what it is asked. Real servers are in internal/sqltest.
type store struct {
	commits []func() error // of the attempts in turn; then nil
	answers map[string]func() (string, error)
	asked   []string
	open    int
}

func (s *store) begin(context.Context) (Tx, error) {
	s.asked = append(s.asked, "BEGIN")
	s.open++
	return s, nil
}

func (s *store) Exec(ctx context.Context, q string) error { _, err := s.Query(ctx, q); return err }

func (s *store) Query(ctx context.Context, q string) (string, error) {
	verb, _, _ := strings.Cut(q, " ")
	s.asked = append(s.asked, verb)
	if a := s.answers[verb]; a != nil {
		return a()
	}
	return "", nil
}

func (s *store) Commit(context.Context) error {
	s.asked = append(s.asked, "COMMIT")
	s.open--
	if len(s.commits) == 0 {
		return nil
	}
	c := s.commits[0]
	s.commits = s.commits[1:]
	return c()
}

func (s *store) Rollback(context.Context) error {
	s.asked = append(s.asked, "ROLLBACK")
	s.open--
	return nil
}

func (s *store) want(t *testing.T, statements string) {
	t.Helper()
	if got := strings.Join(s.asked, " "); got != statements {
		t.Errorf("statements:\n%s\nwant:\n%s", got, statements)
	}
	if s.open != 0 {
		t.Errorf("%d transactions are open", s.open)
	}
}

var (
	errLost   = fmt.Errorf("read: %w", io.ErrUnexpectedEOF)
	lostReply = func() error { return errLost }
	conflict  = func() error { return stateError("40001") }
	quick     = retry.Policy{Attempts: 5, Backoff: retry.Constant(time.Second)}
)

func work(ctx context.Context, tx Tx) error { return tx.Exec(ctx, "UPDATE") }

// The whole transaction is retried, and each attempt is rolled back or committed.
func TestRunAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{commits: []func() error{conflict}}
		calls := 0
		err := Run(t.Context(), quick, nil, s.begin, func(ctx context.Context, tx Tx) error {
			if calls++; calls == 1 {
				return stateError("40P01")
			}
			return work(ctx, tx)
		})
		if err != nil || calls != 3 {
			t.Errorf("%v after %d calls", err, calls)
		}
		s.want(t, "BEGIN ROLLBACK BEGIN UPDATE COMMIT BEGIN UPDATE COMMIT")
	})
}

// What the caller's function says isn't retried.
func TestRunStops(t *testing.T) {
	s := &store{}
	errFunds := errors.New("insufficient funds")
	err := Run(t.Context(), quick, nil, s.begin, func(context.Context, Tx) error { return errFunds })
	if err != errFunds {
		t.Error(err)
	}
	s.want(t, "BEGIN ROLLBACK")
}

// Without an Outcome, a COMMIT without answer ends the call, whatever RetryIf says, and an outer call doesn't retry it either.
func TestRunUnknown(t *testing.T) {
	s := &store{commits: []func() error{lostReply}}
	p := quick
	p.RetryIf = func(error) bool { return true }
	//retryvet:ignore this is what is tested
	err := retry.Do(t.Context(), quick, func(ctx context.Context) error { return Run(ctx, p, nil, s.begin, work) })
	if !errors.Is(err, ErrUnknown) || !errors.Is(err, errLost) {
		t.Error(err)
	}
	s.want(t, "BEGIN UPDATE COMMIT")
}

// A read-only transaction can't be applied twice.
func TestRunReadOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{commits: []func() error{lostReply}}
		if err := Run(t.Context(), quick, &Options{ReadOnly: true, Outcome: Ledger{}}, s.begin, work); err != nil {
			t.Error(err)
		}
		s.want(t, "BEGIN UPDATE COMMIT BEGIN UPDATE COMMIT")
	})
}

// Nothing is retried before the outcome is known, for which RetryIf isn't asked; and what turned out not to have taken effect isn't
// unknown any more.
func TestRunAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		unreachable := 2
		s := &store{commits: []func() error{lostReply, conflict, conflict, conflict, conflict, conflict}}
		s.answers = map[string]func() (string, error){"SELECT": func() (string, error) {
			if unreachable--; unreachable >= 0 {
				return "", errLost
			}
			return "", sql.ErrNoRows
		}}
		p := quick
		asked := 0
		p.RetryIf = func(err error) bool { asked++; return errors.Is(err, stateError("40001")) }
		err := Run(t.Context(), p, &Options{Outcome: Ledger{}}, s.begin, work)
		var e *retry.Error
		if !errors.As(err, &e) || !errors.Is(e.Reason, retry.ErrExhausted) || errors.Is(err, ErrUnknown) {
			t.Error(err)
		}
		if strings.Contains(err.Error(), ErrUnknown.Error()) {
			t.Errorf("the text says that it is unknown: %v", err)
		}
		once := "BEGIN INSERT UPDATE COMMIT"
		ask := "BEGIN SELECT ROLLBACK"
		s.want(t, strings.Join([]string{once, ask, ask, "BEGIN SELECT INSERT ROLLBACK", once, once, once}, " "))
		if asked != 3 {
			t.Errorf("RetryIf was asked %d times, want 3", asked)
		}
	})
}

// When the outcome can't be found out in time, it stays unknown.
func TestRunNeverKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{commits: []func() error{lostReply}}
		s.answers = map[string]func() (string, error){"SELECT": func() (string, error) { return "", errLost }}
		err := Run(t.Context(), quick, &Options{Outcome: Ledger{}}, s.begin, work)
		if !errors.Is(err, ErrUnknown) {
			t.Error(err)
		}
		if n := slices.Index(s.asked[1:], "UPDATE"); n < 0 || slices.Contains(s.asked[n+2:], "UPDATE") {
			t.Errorf("%v: want one UPDATE", s.asked)
		}
	})
}

// A panic or Goexit in the function rolls back and reaches the caller; so does a panic of the driver.
func TestRunPanics(t *testing.T) {
	s := &store{}
	for _, f := range []func(context.Context, Tx) error{
		func(context.Context, Tx) error { panic("of f") },
		func(context.Context, Tx) error { runtime.Goexit(); return nil },
		func(context.Context, Tx) error {
			s.commits = []func() error{func() error { panic("of COMMIT") }}
			return nil
		},
	} {
		done := make(chan any)
		go func() {
			normal := false
			defer func() {
				if r := recover(); r != nil || !normal {
					done <- r
				} else {
					done <- errors.New("returned")
				}
			}()
			Run(t.Context(), quick, nil, s.begin, f)
			normal = true
		}()
		if r := <-done; r != nil && !strings.HasPrefix(fmt.Sprint(r), "of ") {
			t.Error(r)
		}
	}
	s.want(t, "BEGIN ROLLBACK BEGIN ROLLBACK BEGIN COMMIT")
}

// A driver that doesn't return from COMMIT holds the caller for the grace at most, counted from the end of the context.
func TestRunGrace(t *testing.T) {
	for grace, want := range map[time.Duration]time.Duration{0: 2 * time.Second, time.Minute: time.Minute, -1: 0} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			block := make(chan error)
			defer close(block)
			s := &store{commits: []func() error{func() error { return <-block }}}
			began := time.Now()
			err := Run(ctx, quick, &Options{Grace: grace}, s.begin, work)
			if !errors.Is(err, ErrUnknown) || !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Hour+want {
				t.Errorf("%v after %v", err, time.Since(began))
			}
		})
	}
}

// A context that ends before COMMIT is the end of the transaction, even if the function doesn't care.
func TestRunContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // where the ROLLBACK has all of its grace
		s := &store{}
		ctx, cancel := context.WithCancel(t.Context())
		err := Run(ctx, quick, nil, s.begin, func(context.Context, Tx) error { cancel(); return nil })
		if !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnknown) {
			t.Error(err)
		}
		s.want(t, "BEGIN ROLLBACK")
	})
}

// The context that begin is given keeps the values of the caller's, and is over when the call is.
func TestRunBeginContext(t *testing.T) {
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "value")
	s := &store{}
	var inner context.Context
	err := Run(ctx, quick, nil, func(ctx context.Context) (Tx, error) {
		inner = ctx
		if ctx.Err() != nil || ctx.Value(key{}) != "value" {
			t.Error("not the caller's values")
		}
		return s.begin(ctx)
	}, work)
	if err != nil || inner.Err() == nil {
		t.Errorf("%v; the context's error is %v", err, inner.Err())
	}
}

// A function that ends the transaction itself is told so, and isn't called again.
func TestRunEnded(t *testing.T) {
	for _, failure := range []error{nil, stateError("40001")} {
		s := &ended{}
		err := Run(t.Context(), quick, nil, func(ctx context.Context) (Tx, error) { return s, nil }, func(context.Context, Tx) error { return failure })
		if !errors.Is(err, ErrUnknown) || !errors.Is(err, errEnded) || s.ends != 1 {
			t.Errorf("%v after %d attempts", err, s.ends)
		}
	}
}

type ended struct {
	store
	ends int
}

func (e *ended) Commit(context.Context) error   { e.ends++; return sql.ErrTxDone }
func (e *ended) Rollback(context.Context) error { e.ends++; return sql.ErrTxDone }

// What goes into the text of a statement is checked first.
func TestRunInvalid(t *testing.T) {
	s := &store{}
	for _, l := range []Ledger{{Key: "it's"}, {Key: strings.Repeat("k", 65)}, {Key: "ä"}, {Table: "a;b"}, {Table: "a b"}} {
		err := Run(t.Context(), quick, &Options{Outcome: l}, s.begin, work)
		if !errors.Is(err, retry.ErrInvalid) {
			t.Errorf("%+v: %v", l, err)
		}
	}
	s.want(t, "")
}

// A row that is there already may be seen only by the next attempt.
func TestRunApplied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := 1
		s := &store{answers: map[string]func() (string, error){
			"INSERT": func() (string, error) { return "", sqliteError(1555) },
			"SELECT": func() (string, error) {
				if busy--; busy >= 0 {
					return "", sqliteError(5)
				}
				return "k", nil
			},
		}}
		err := Run(t.Context(), quick, &Options{Outcome: Ledger{Key: "k"}}, s.begin, work)
		if !errors.Is(err, ErrApplied) || errors.Is(err, ErrUnknown) {
			t.Error(err)
		}
		once := "BEGIN INSERT ROLLBACK BEGIN SELECT ROLLBACK"
		s.want(t, once+" "+once)
	})
}
