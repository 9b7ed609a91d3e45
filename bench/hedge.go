package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
)

const hedgingPackage = "github.com/callagain/retry/bench/hedging"

// hedgeTables are the tables of hedging, as package hedging calls them. The columns are what its tests tell, or, if there are some here,
// what their cells have in them.
var hedgeTables = []struct {
	table, title, note string
	columns            []string
}{
	{table: "stalled", title: "Some attempts are slow",
		note: "A hundred calls a second. Attempts take 10 to 20 ms; those that stall, a second more. Log-normal: a median of 20 ms, σ = 1. " +
			"Latency in ms, as the median / 98th / 99th / 99.9th percentile, and attempts for each call."},
	{table: "overload", title: "All attempts are slow because there are too many",
		note: "A server with ten workers, which take 10 ms on average (exponential), and a queue without a limit; it works on for callers who have left. " +
			"Calls at random times, so that its utilization without hedges is as in the title of the column. Deadline 500 ms. Calls that succeed, the 99th percentile in ms, attempts for each call."},
	{table: "overload, dropped", title: "The same, and the server drops what was abandoned",
		note: "It doesn't begin, and doesn't go on with, what nobody waits for any more."},
	{table: "slowdown", title: "All attempts take ten times as long for half a minute",
		note: "Attempts take 10 to 20 ms, then 100 to 200 ms. Attempts for each call in the first five seconds of the slow time / in the other 25 / after it. The columns are calls a second."},
	{table: "slowdown, deadline", title: "The same, with a deadline of 100 ms",
		note: "So all calls end with their context in the slow time."},
	{table: "servers", title: "Real servers, one of ten slow",
		note: "net/http over loopback. Servers take about 10 ms (log-normal, σ = 0.3), and one of them twenty times as long. Each call goes to one of them at random, a hedge to the next one. " +
			"Fifty calls a second by each way, all in the same minute. Latency in ms; the 99th percentile as a multiple of that of calls to healthy servers alone.",
		columns: []string{"median", "99th", "of healthy", "attempts"}},
}

// runHedging runs the scenarios of hedging. A broken promise of ours is an error.
func runHedging() ([]told, error) {
	cells, err := runTests(hedgingPackage, "-args", "-all")
	if err != nil {
		return nil, fmt.Errorf("hedging: %w", err)
	}
	return cells, nil
}

// writeHedgingDocument runs the scenarios, and puts the tables between the marks in the file.
func writeHedgingDocument(name string) error {
	if _, err := replaced(name, map[string][]byte{"hedging": nil}); err != nil {
		return err // before all is run
	}
	cells, err := runHedging()
	if err != nil {
		return err
	}
	var tables bytes.Buffer
	writeHedging(&tables, cells)
	return replaceInFile(name, map[string][]byte{"hedging": tables.Bytes()})
}

// writeHedging prints the tables.
func writeHedging(w io.Writer, cells []told) {
	for _, t := range hedgeTables {
		var columns, rows []string
		at := map[[2]string]string{}
		for _, c := range cells {
			if c["table"] != t.table {
				continue
			}
			if !slices.Contains(columns, c["column"]) {
				columns = append(columns, c["column"])
			}
			if !slices.Contains(rows, c["library"]) {
				rows = append(rows, c["library"])
			}
			at[[2]string{c["library"], c["column"]}] = c["cell"]
		}
		if len(rows) == 0 {
			continue
		}
		titles := columns
		if t.columns != nil {
			titles = t.columns
		}
		fmt.Fprintf(w, "### %s\n\n%s\n\n| | %s |\n|---|%s\n", t.title, t.note, strings.Join(titles, " | "), strings.Repeat("---:|", len(titles)))
		for _, row := range rows {
			fmt.Fprintf(w, "| %s |", row)
			for _, column := range columns {
				fmt.Fprintf(w, " %s |", at[[2]string{row, column}])
			}
			fmt.Fprintln(w)
		}
		fmt.Fprintln(w)
	}
}
