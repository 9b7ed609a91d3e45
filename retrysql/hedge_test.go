package retrysql

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
)

// stores are the databases that the transactions of a hedge begin in.
type stores struct {
	mu  sync.Mutex
	all []*store
}

func (s *stores) begin(ctx context.Context) (Tx, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := &store{}
	s.all = append(s.all, one)
	return one.begin(ctx)
}

// A slow read is hedged in a transaction of its own; the loser is rolled back. A failure that another one would
// have as well is the result; one that is transient isn't while another transaction runs.
func TestHedge(t *testing.T) {
	errMine := errors.New("no such account")
	for _, row := range []struct {
		name   string
		second error // of the second transaction; the first takes a second, and has none
		took   time.Duration
		value  int
		err    error
		first  string
	}{
		{"success", nil, 100 * time.Millisecond, 2, nil, "BEGIN ROLLBACK"},
		{"the function's failure", errMine, 100 * time.Millisecond, 2, errMine, "BEGIN ROLLBACK"},
		{"transient", stateError("40001"), time.Second, 1, nil, "BEGIN COMMIT"},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var s stores
				began := time.Now()
				o := &Options{ReadOnly: true, Hedge: &retry.HedgeSettings{Delay: 100 * time.Millisecond, State: new(retry.HedgeState)}}
				v, err := Get(t.Context(), quick, o, s.begin, func(ctx context.Context, _ Tx) (int, error) {
					if n := retry.Hedged(ctx); n == 2 {
						return n, row.second
					}
					select {
					case <-time.After(time.Second):
						return 1, nil
					case <-ctx.Done():
						return 1, ctx.Err()
					}
				})
				if took := time.Since(began); v != row.value || !errors.Is(err, row.err) || (err == nil) != (row.err == nil) || took != row.took {
					t.Errorf("%d, %v after %v", v, err, took)
				}
				synctest.Wait()
				if len(s.all) != 2 {
					t.Fatalf("%d transactions", len(s.all))
				}
				s.all[0].want(t, row.first)
			})
		})
	}
}

// All transactions of an attempt end with its time, and the policy makes another attempt.
func TestHedgeAndTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s stores
		p := quick
		p.Timeout, p.Backoff = time.Second, retry.Constant(0)
		o := &Options{ReadOnly: true, Hedge: &retry.HedgeSettings{Delay: 100 * time.Millisecond, State: new(retry.HedgeState)}}
		v, err := Get(t.Context(), p, o, s.begin, func(ctx context.Context, _ Tx) (int, error) {
			if n := retry.Attempt(ctx); n > 1 {
				return n, nil
			}
			<-ctx.Done()
			return 0, ctx.Err()
		})
		synctest.Wait()
		if v != 2 || err != nil || len(s.all) != 3 {
			t.Errorf("%d, %v in %d transactions", v, err, len(s.all))
		}
		for _, one := range s.all[:2] {
			one.want(t, "BEGIN ROLLBACK")
		}
	})
}

// What can't be hedged is an error at once, and nothing is done.
func TestHedgeIsForReads(t *testing.T) {
	hedge := &retry.HedgeSettings{State: new(retry.HedgeState)}
	for name, o := range map[string]*Options{
		"it may write": {Hedge: hedge},
		"no state":     {ReadOnly: true, Hedge: &retry.HedgeSettings{}},
	} {
		s := &store{}
		if _, err := Get(t.Context(), quick, o, s.begin, func(context.Context, Tx) (int, error) { return 0, nil }); !errors.Is(err, retry.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
		s.want(t, "")
	}
	s := &store{}
	if err := Run(t.Context(), quick, &Options{ReadOnly: true, Hedge: hedge}, s.begin, work); !errors.Is(err, retry.ErrInvalid) {
		t.Errorf("no value: %v", err)
	}
	s.want(t, "")
}
