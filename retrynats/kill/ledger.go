package main

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
)

// The kinds of lines.
const (
	accepted  = "accepted"  // Start returned without an error
	begun     = "begun"     // an attempt
	ended     = "ended"     // an attempt; Out says how: "fail", "left" or its result
	told      = "told"      // Result returned the result
	canceled  = "canceled"  // Cancel returned without an error
	asked     = "asked"     // Cancel or Again is about to be called: it may be done though nobody is told
	again     = "again"     // Again returned without an error
	killed    = "killed"    // the process
	stopped   = "stopped"   // the process, by SIGSTOP
	resumed   = "resumed"   // and by SIGCONT
	starved   = "starved"   // the process didn't run, from Due on; by itself
	server    = "server"    // a server was killed
	stepped   = "stepped"   // clocks; Out says whose, and by how much they are ahead
	unplugged = "unplugged" // the power was lost, after a kill
	refused   = "refused"   // Start returned ErrFull
	wrong     = "violation" // the worker has seen one
)

// A line of the ledger, which is the checker's own memory: it is appended in one write and synced before what it tells goes on.
type line struct {
	T    int64  `json:"t"`              // nanoseconds, by a clock that doesn't step
	Wall int64  `json:"wall,omitempty"` // of an attempt's begin and end, by the worker's own clock
	Kind string `json:"kind"`
	PID  int    `json:"pid"`
	Func string `json:"func,omitempty"`
	Key  string `json:"key,omitempty"`
	N    int    `json:"n,omitempty"`
	Due  int64  `json:"due,omitempty"`
	Out  string `json:"out,omitempty"`
}

type ledger struct{ f *os.File }

func openLedger(path string) (*ledger, error) {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	return &ledger{f}, err
}

func (l *ledger) put(x line) {
	if x.T == 0 {
		x.T = realNow()
	}
	if x.PID == 0 {
		x.PID = os.Getpid()
	}
	b, err := json.Marshal(x)
	if err == nil {
		_, err = l.f.Write(append(b, '\n'))
	}
	if err == nil {
		err = l.f.Sync()
	}
	if err != nil {
		panic(err) // without its ledger the run means nothing
	}
}

// read returns the lines in the order of their times, and how many could not be read.
func read(path string) (lines []line, torn int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var x line
		if json.Unmarshal(s.Bytes(), &x) != nil {
			torn++
			continue
		}
		lines = append(lines, x)
	}
	slices.SortStableFunc(lines, func(a, b line) int { return int(a.T - b.T) })
	return lines, torn, s.Err()
}
