// Command bench measures durable calls, beside what a careful person writes by hand on a NATS work queue with NakWithDelay.
//
//	go run ./bench            all of it, on directories that are removed afterwards
//	go run ./bench -n 30000   with more calls
//	go run ./bench -only kill one part: starts, result, twice, waiting, kill
//
// Compare figures of one run only. The command in the folder peers does the same with River, on PostgreSQL.
package main

import (
	"fmt"
	"os"

	"github.com/callagain/retry/retrynats/internal/load"
)

func main() {
	if err := load.Main(load.Kind{Name: "retrynats", Open: load.Durable}, load.Kind{Name: "by hand", Open: openByHand}); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
