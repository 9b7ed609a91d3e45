package main

import (
	"context"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

func f(context.Context) error { return nil }

func main() {
	_ = retry.Do(context.Background(), retry.Policy{Budget: &retry.Budget{}}, f)
	run()
	for range 3 {
		often()
	}
}

func run() {
	retryhttp.NewClient(retry.Policy{}).Get("http://127.0.0.1/")
}

func often() {
	retryhttp.NewClient(retry.Policy{}).Get("http://127.0.0.1/") // want `a Transport made for one call`
}
