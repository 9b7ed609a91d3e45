// Command retry runs a command until it succeeds.
//
//	retry [flags] [--] command [args...]
//
// How it is made, from the outside in:
//
//   - flags.go is the table of flags, with values of values.go, which parse.go reads and environment.go puts together with
//     those in RETRY_OPTS, into options.go; help.go has what is asked for instead of a call.
//   - open.go opens what a call needs, and call.go is the call: one [retry.Do] with the policy of schedule.go (plan.go prints
//     it). ending.go says how it ended, and with which exit code.
//     last.go has the last attempt of --last-try.
//   - attempt.go is one run of the command, judge.go says what it means; probe.go has those without a command. It has its input
//     from stdin.go; its output passes through output.go, past the patterns of match.go, into
//     a recording.go if need be; hint.go and lines.go are the delay that it asks for.
//   - budget.go keeps the budget that processes share.
//   - say.go, log.go, live.go, report.go and hook.go tell the world, through outlet.go, which waits for nobody.
//   - internal/proc runs a command in a process group of its own and ends all of it;
//     internal/spool keeps bytes, on disk if they are many.
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
	codeStops   = 99  // a hook's, for no other attempt; qmail and automake use it for the same
	codeTimeout = 124 // the last attempt, or the whole, ran out of time
	codeOurs    = 125 // an error of our own
	codeSignal  = 128 // plus the number of the signal
)

func main() {
	os.Exit(do(os.Args[1:]))
}

func do(args []string) int {
	o, err := parseAll(os.Getenv("RETRY_OPTS"), args)
	switch {
	case err != nil:
	case o.show():
		_, err = os.Stdout.WriteString(shown(&o))
	case o.plan:
		err = printPlan(os.Stdout, &o)
	case o.status:
		err = printStatus(os.Stdout, &o)
	default:
		ctx, signals := proc.Catch(context.Background())
		return newCall(ctx, &o, signals).do()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "retry:", plain(err.Error()))
		return codeOurs
	}
	return 0
}
