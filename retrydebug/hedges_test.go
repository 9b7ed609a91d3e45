package retrydebug

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/callagain/retry"
)

// Each call, each hedge, each one that won and each that was refused is counted once, and the budget of the hedges can be shut.
func TestHedges(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		board := New(Settings{Operate: anybody, Log: silent})
		told := 0
		slow := func(ctx context.Context) (int, error) {
			if retry.Hedged(ctx) == 1 {
				select {
				case <-time.After(time.Second):
				case <-ctx.Done():
					return 0, ctx.Err()
				}
			}
			return 1, nil
		}
		search := retry.Hedge(board.Hedge(retry.HedgeSettings{Name: "search", Delay: 100 * time.Millisecond, Observe: func(context.Context, retry.Event) { told++ }}), slow)
		fails := retry.Hedge(board.Hedge(retry.HedgeSettings{Name: "fails", Delay: time.Second, Unlimited: true}), func(context.Context) (int, error) { return 0, errBusy })
		search(t.Context()) // hedged
		fails(t.Context())
		if w := post(board, "target=hedge:search&minutes=5"); w.Code != http.StatusSeeOther {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		search(t.Context()) // refused
		s := board.snapshot(view{})
		want := []hedging{{Name: "fails", Calls: 1}, {Name: "search", Calls: 2, Started: 1, Won: 1, Refused: 1, Budget: "search"}}
		if fmt.Sprint(s.Hedges) != fmt.Sprint(want) {
			t.Errorf("got %+v, want %+v", s.Hedges, want)
		}
		if told != 4 {
			t.Errorf("the settings' own Observe was told %d times", told)
		}
		if b := s.Budgets; len(b) != 1 || b[0].Target != "hedge:search" || b[0].Shut == 0 || fmt.Sprint(b[0].Policies) != "[hedges of search]" {
			t.Errorf("the budgets are %+v", b)
		}
		for accept, wants := range map[string][]string{
			browser:            {"<h2 id=\"h-hedges\">", "1, 50 % of calls", "1, 100 % of hedges", "none; can’t be shut"},
			"":                 {"HEDGED", "search  2      1        1    1"},
			"application/json": {`{"name":"search","calls":2,"started":1,"won":1,"refused":1,"budget":"search"}`},
		} {
			body := get(board, "/", accept).Body.String()
			for _, want := range wants {
				if !strings.Contains(body, want) {
					t.Errorf("%q isn't in %s", want, body)
				}
			}
		}
		if w := post(board, "target=hedge:fails&minutes=5"); w.Code != http.StatusNotFound {
			t.Errorf("hedges without a budget were shut: %d", w.Code)
		}
	})
}

// A budget that hedges share with retries is one row; a state that is given is used.
func TestHedgesShareABudget(t *testing.T) {
	board := New(Settings{})
	budget, state := &retry.Budget{Name: "both"}, new(retry.HedgeState)
	board.Watch(retry.Policy{Name: "search", Budget: budget})
	if s := board.Hedge(retry.HedgeSettings{Name: "search", Budget: budget, State: state}); s.State != state {
		t.Error("it has another state")
	}
	if b := board.snapshot(view{}).Budgets; len(b) != 1 || fmt.Sprint(b[0].Policies) != "[search hedges of search]" {
		t.Errorf("%+v", b)
	}
}

func TestHedgesAreFew(t *testing.T) {
	board := New(Settings{})
	for i := range maxHedges + 10 {
		f := retry.Hedge(board.Hedge(retry.HedgeSettings{Name: fmt.Sprint(i, strings.Repeat("x", 1000)), AtOnce: true, Attempts: 1}), func(context.Context) (int, error) { return 0, errors.New("no") })
		f(t.Context())
	}
	s := board.snapshot(view{find: otherHedges})
	if n := len(board.hedges.byName); n != maxHedges+1 || len(s.Hedges) != 1 || s.Hedges[0].Calls != 10 {
		t.Errorf("%d are kept; %+v", n, s.Hedges)
	}
}
