package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/callagain/retry/cmd/retry/internal/proc"
)

// A report is the file of --report. Each run is written when it has ended, so that it
// takes no memory however many there are. A file is a whole report at any time, even if we are killed: each
// write replaces its end. A pipe gets the end only when it's there.
type report struct {
	*call
	file    *os.File // or
	pipe    *outlet
	at      int64 // where the end of the file begins
	tail    int   // how long that is; it's never cut off, so that the file is whole whenever we are killed
	runs    int
	running time.Duration
	err     error // the first
}

type reportRun struct {
	Attempt  int       `json:"attempt"` // as the command saw it
	Start    time.Time `json:"start"`
	Duration float64   `json:"duration_seconds"`
	Delay    float64   `json:"delay_seconds"` // before it
	ExitCode *int      `json:"exit_code"`     // null if it died of a signal, or never ran
	Signal   string    `json:"signal,omitempty"`
	TimedOut bool      `json:"timed_out,omitempty"`
	Reason   string    `json:"reason"`
}

type reportTotal struct {
	Attempts int     `json:"attempts"`
	Duration float64 `json:"duration_seconds"`
	Running  float64 `json:"running_seconds"`
	Waiting  float64 `json:"waiting_seconds"`
}

// unfinished is the end of a report that hasn't ended.
var unfinished = ending{kind: "running", why: "it goes on, or was killed"}

// newReport makes sure that the report can be written, before anything is run. It's nil if none was asked for.
func newReport(c *call) (*report, error) {
	if c.options.report == "" {
		return nil, nil
	}
	r := &report{call: c}
	head := fmt.Sprintf("{\n  \"id\": %s,\n  \"start\": %s,\n  \"attempts\": [", asJSON(c.id), asJSON(c.started))
	if err := r.open(c.options.report, head); err != nil {
		return nil, fmt.Errorf("--report: the file can't be written: %w", err)
	}
	return r, nil
}

// open begins the report. A file is a new one in the place of what was there. What isn't a file, or is only
// the name of another one, stays what it is.
func (r *report) open(name, head string) error {
	switch name {
	case "-", "/dev/stdout", "/dev/fd/1":
		r.pipe = r.stdout
	case "/dev/stderr", "/dev/fd/2":
		r.pipe = r.stderr
	}
	if r.pipe != nil {
		r.write(head, unfinished)
		return nil
	}
	mode := fs.FileMode(0o666)
	info, err := os.Lstat(name)
	switch {
	case err == nil && planted(name, info): // which openShared refuses
	case err == nil && info.Mode().IsRegular():
		mode = info.Mode().Perm()
		fallthrough
	case errors.Is(err, fs.ErrNotExist):
		part := filepath.Join(filepath.Dir(name), fmt.Sprintf(".retry-%016x", rand.Uint64()))
		if r.file, err = os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode); err == nil {
			r.write(head, unfinished)
			if err = r.err; err == nil {
				err = os.Rename(part, name)
			}
			if err != nil {
				os.Remove(part)
			}
			return known(err, name)
		}
		if info == nil {
			return known(err, name)
		}
		// It's there already, in a directory where we can't make another.
	}
	f, err := r.openShared(name, os.O_TRUNC)
	if err != nil {
		return err
	}
	if info, err = f.Stat(); err == nil && info.Mode().IsRegular() {
		r.file = f
	} else {
		r.pipe = newOutlet(f)
	}
	r.write(head, unfinished)
	return nil
}

// known makes an error name the file that they know.
func known(err error, name string) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		e.Path = name
	}
	return err
}

// add writes a run. A nil report ignores it.
func (r *report) add(run *attempt) {
	if r == nil {
		return
	}
	e := reportRun{
		Attempt: run.number, Start: run.start, Duration: run.took.Seconds(), Delay: run.delay.Seconds(),
		TimedOut: run.timedOut, Reason: run.reason,
	}
	switch {
	case run.signal != 0:
		e.Signal = proc.Name(run.signal)
	case run.broken == nil || run.took > 0:
		e.ExitCode = &run.code
	}
	comma := ","
	if r.runs == 0 {
		comma = ""
	}
	r.runs++
	r.running += run.took
	r.write(fmt.Sprintf("%s\n    %s", comma, asJSON(e)), unfinished)
}

// write writes more of the report, and its end as it would be now.
func (r *report) write(more string, end ending) {
	took := time.Since(r.started)
	code := any(end.code)
	if end == unfinished {
		code = nil
	}
	tail := fmt.Sprintf("\n  ],\n  \"total\": %s,\n  \"ended\": %s,\n  \"why\": %s,\n  \"exit_code\": %s",
		asJSON(reportTotal{r.runs, took.Seconds(), r.running.Seconds(), (took - r.running).Seconds()}),
		asJSON(end.kind), asJSON(end.why), asJSON(code))
	const last = "\n}\n"
	tail += strings.Repeat(" ", max(r.tail-len(more+tail+last), 0)) + last
	var err error
	switch {
	case r.pipe == nil:
		if _, err = r.file.WriteAt([]byte(more+tail), r.at); err == nil {
			r.at, r.tail = r.at+int64(len(more)), len(tail)
		}
	case code == nil:
		err = r.pipe.write(r.ctx, []byte(more))
	default:
		err = r.pipe.write(r.ctx, []byte(more+tail))
	}
	if r.err == nil {
		r.err = err
	}
}

// finish writes the end of the report, and returns what went wrong with all of it.
func (r *report) finish(end ending) error {
	if r == nil {
		return nil
	}
	r.write("", end)
	if r.file != nil {
		r.err = errors.Join(r.err, r.file.Close())
	}
	return r.err
}

// asJSON is for values that always can be.
func asJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
