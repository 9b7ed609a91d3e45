// Command retry runs a command until it succeeds.
//
//	retry [flags] [--] command [args...]
//
// How it is made: flags.go is the table of flags, parsed into options, which schedule.go
// makes a [retry.Backoff] of. call.go is the call: one [retry.Do], whose attempts are the
// runs of run.go, judged by judge.go. A run has its standard input from stdin.go, its
// output goes where output.go says, and package proc starts and ends it. What is said of
// all this goes through log.go, live.go and report.go.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/callagain/retry/cmd/retry/internal/proc"
)

// Exit codes that are ours. Any other is the command's.
const (
	codeUnmet   = 1   // the command's was 0, and yet it wasn't the success that was asked for
	codeTimeout = 124 // the last attempt, or the whole, ran out of time
	codeOurs    = 125 // an error of our own
	codeSignal  = 128 // plus the number of the signal
)

func main() {
	proc.Lookout()
	os.Exit(do(os.Args[1:]))
}

func do(args []string) int {
	o, err := parseAll(os.Getenv("RETRY_OPTS"), args)
	if err == nil {
		if o.help || o.version || o.showMan || o.completion != "" {
			return show(&o)
		}
		err = o.check()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "retry:", err)
		return codeOurs
	}
	if o.plan {
		printPlan(os.Stdout, &o)
		return 0
	}
	ctx, signals := proc.Catch(context.Background())
	c, err := newCall(&o, signals)
	if err != nil {
		fmt.Fprintln(os.Stderr, "retry:", err)
		return codeOurs
	}
	return c.do(ctx)
}
