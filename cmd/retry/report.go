package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/callagain/retry/cmd/retry/internal/proc"
)

// A report is the file of --report. Each run is written when it has ended, so that it
// takes no memory however many there are; the file has its name only when it's complete.
type report struct {
	file    *os.File
	w       *bufio.Writer
	rename  string // where the file belongs, if it isn't there already
	runs    int
	running time.Duration
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

// newReport makes sure that the report can be written, before anything is run.
func newReport(name string, c *call) (*report, error) {
	r := &report{}
	if err := r.open(name, c.id); err != nil {
		return nil, fmt.Errorf("--report: the file can't be written: %w", err)
	}
	r.w = bufio.NewWriter(r.file)
	fmt.Fprintf(r.w, "{\n  \"id\": %s,\n  \"start\": %s,\n  \"attempts\": [", asJSON(c.id), asJSON(c.started))
	return r, nil
}

// open opens a new file beside the one that it's to replace. What isn't a file, or is only
// the name of another one, stays what it is, and is written as we go.
func (r *report) open(name, id string) (err error) {
	switch name {
	case "/dev/stdout":
		r.file = os.Stdout
		return nil
	case "/dev/stderr":
		r.file = os.Stderr
		return nil
	}
	mode := fs.FileMode(0o666)
	info, err := os.Lstat(name)
	if err == nil && !info.Mode().IsRegular() {
		r.file, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
		return err
	}
	if err == nil {
		mode = info.Mode().Perm()
	}
	part := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+"-"+id)
	if r.file, err = os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode); err == nil {
		r.rename = name
	} else if info != nil {
		// It's there already, in a directory where we can't make another.
		r.file, err = os.OpenFile(name, os.O_WRONLY|os.O_TRUNC, mode)
	} else if e, ok := err.(*fs.PathError); ok {
		e.Path = name // the name they know
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
	if r.runs > 0 {
		r.w.WriteByte(',')
	}
	fmt.Fprintf(r.w, "\n    %s", asJSON(e))
	r.runs++
	r.running += run.took
}

// finish writes the end of the report, once.
func (r *report) finish(c *call, end ending) error {
	if r == nil || r.file == nil {
		return nil
	}
	took := time.Since(c.started)
	fmt.Fprintf(r.w, "\n  ],\n  \"total\": %s,\n  \"ended\": %s,\n  \"why\": %s,\n  \"exit_code\": %d\n}\n",
		asJSON(reportTotal{r.runs, took.Seconds(), r.running.Seconds(), (took - r.running).Seconds()}),
		asJSON(end.kind), asJSON(end.why), end.code)
	err := r.w.Flush()
	err = errors.Join(err, r.file.Close())
	if r.rename != "" {
		if err == nil {
			err = os.Rename(r.file.Name(), r.rename)
		}
		if err != nil {
			os.Remove(r.file.Name())
		}
	}
	r.file = nil
	return err
}

// asJSON is for values that always can be.
func asJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
