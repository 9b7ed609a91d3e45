package main

// A table is one of the tables of costs. Its rows are the libraries.
type table struct {
	title string
	note  string
	cells []cell
}

// A cell shows what a benchmark measured, in the order of its units; the first is also shown as a multiple of the hand loop's.
type cell struct {
	title string
	bench string
	units []string
}

var tables = []table{
	{
		title: "One call",
		note:  "Up to five attempts, no delay, under a context that can be canceled. Time, its multiple of the hand loop's, allocations.",
		cells: []cell{
			{"success at once", "Success", []string{"sec/op", "allocs/op"}},
			{"success, error only", "SuccessErrorOnly", []string{"sec/op", "allocs/op"}},
			{"success, on all processors", "SuccessParallel", []string{"sec/op", "allocs/op"}},
			{"three failures, then success", "ThreeFailures", []string{"sec/op", "allocs/op"}},
			{"giving up after five", "GivingUp", []string{"sec/op", "allocs/op"}},
		},
	},
	{
		title: "Calls that wait",
		note: "100,000 calls in a delay, for each of them: memory (what the caller keeps of it included), goroutines, time to start, time to end when their context is canceled. " +
			"And of 10,000 calls with a delay of 100ms: how much later than that the next attempt comes, median and 99th percentile.",
		cells: []cell{
			{"memory", "Waiting", []string{"B/waiting"}},
			{"goroutines", "Waiting", []string{"goroutines/waiting"}},
			{"to start", "Waiting", []string{"sec-to-start"}},
			{"to cancel", "Waiting", []string{"sec-to-cancel"}},
			{"late, median", "Lateness", []string{"sec-late-p50"}},
			{"late, 99th", "Lateness", []string{"sec-late-p99"}},
		},
	},
	{
		title: "HTTP",
		note: "Requests to a server in another process, over loopback: GETs that don't fail; POSTs of 1 KiB with an Idempotency-Key, of which one in ten " +
			"is answered 503. Time, its multiple of a hand-written loop's, the client's allocations, new connections for each request.",
		cells: []cell{
			{"GET, nothing fails", "HTTPGet", []string{"sec/op", "allocs/op", "conns/op"}},
			{"POST, one in ten fails", "HTTPPost", []string{"sec/op", "allocs/op", "conns/op"}},
		},
	},
	{
		title: "Hedging",
		note: "A hedged function that answers at once, so that it isn't hedged. Time, its multiple of the one by hand, allocations. And how many times as long 16 goroutines take that call " +
			"one such function, compared with one each.",
		cells: []cell{
			{"not hedged", "Hedge", []string{"sec/op", "allocs/op"}},
			{"16 goroutines", "HedgeContention", []string{"shared/apart"}},
		},
	},
}

// names are the libraries as the tables call them, in the order of the rows.
var names = []struct{ lib, name string }{
	{"hand", "written by hand"},
	{"plain", "net/http alone, which doesn't try again"},
	{"callagain", "**callagain/retry**"},
	{"cenkalti", "cenkalti/backoff"},
	{"avast", "avast/retry-go"},
	{"avast-reused", "avast/retry-go, one Retrier for all, no context"},
	{"failsafe", "failsafe-go"},
	{"failsafe-budget", "failsafe-go with its budget"},
	{"sethvargo", "sethvargo/go-retry"},
	{"rogpeppe", "rogpeppe/retry"},
	{"eapache", "eapache/go-resiliency"},
	{"lestrrat", "lestrrat-go/backoff"},
	{"rican7", "Rican7/retry, which has no context"},
	{"go-retryablehttp", "go-retryablehttp"},
	{"failsafehttp", "failsafehttp"},
	{"rehttp", "rehttp"},
}
