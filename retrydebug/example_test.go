package retrydebug_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrydebug"
	"github.com/callagain/retry/retryhttp"
)

// The page of a program that has made two calls, as curl gets it.
func ExampleBoard() {
	board := retrydebug.New(retrydebug.Settings{})
	policy := board.Watch(retry.Policy{Name: "search", Backoff: retry.List{0, 0, 0}})
	board.Transport("api", new(retryhttp.Transport))
	mux := http.NewServeMux()
	mux.Handle("/debug/retry/", board)
	server := httptest.NewServer(mux)
	defer server.Close()

	fails := 1
	for range 2 {
		retry.Do(context.Background(), policy, func(context.Context) error {
			if fails--; fails >= 0 {
				return errors.New("busy")
			}
			return nil
		})
	}
	resp, err := http.Get(server.URL + "/debug/retry/")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	page, _ := io.ReadAll(resp.Body)
	for _, line := range strings.Split(string(page), "\n")[1:6] {
		fmt.Println(strings.TrimSpace(line))
	}
	// Output:
	// No call gave up in the last ten minutes.
	// 0 calls in an attempt, 0 waiting.
	//
	// POLICY  CALLS  AT ONCE  SAVED  NOT SUCCEEDED  ATTEMPTS/CALL  RUNNING  WAITING  BUDGET
	// search  2      50 %     1      0              1.50           0        0        none
}

// Who has the password may shut a budget. A real program compares in constant time, with a hash.
func ExampleSettings() {
	board := retrydebug.New(retrydebug.Settings{
		Operate: func(r *http.Request) (who string, ok bool) {
			user, password, ok := r.BasicAuth()
			return user, ok && password == "swordfish"
		},
		Log: slog.Default(),
	})
	budget := new(retry.Budget)
	board.Budget("search", budget)

	r := httptest.NewRequest("POST", "/debug/retry/switch", strings.NewReader("target=budget:search&minutes=15"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	board.ServeHTTP(w, r)
	fmt.Println(w.Code, budget.Paused())
	// Output: 403 0s
}

// Hedged calls, as the JSON has them.
func ExampleBoard_Hedge() {
	board := retrydebug.New(retrydebug.Settings{})
	settings := board.Hedge(retry.HedgeSettings{Name: "search", AtOnce: true})
	search := retry.Hedge(settings, func(ctx context.Context) (string, error) {
		if retry.Hedged(ctx) == 1 {
			<-ctx.Done() // the first replica hangs
		}
		return "found", nil
	})
	fmt.Println(search(context.Background()))
	w := httptest.NewRecorder()
	board.ServeHTTP(w, httptest.NewRequest("GET", "/debug/retry/?format=json", nil))
	_, rest, _ := strings.Cut(w.Body.String(), `"hedges":`)
	hedges, _, _ := strings.Cut(rest, "]")
	fmt.Println(hedges + "]")
	// Output:
	// found <nil>
	// [{"name":"search","calls":1,"started":1,"won":1,"refused":0,"budget":"search"}]
}
