package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/cmd/retry/internal/proc"
)

// output is where the output of one run goes: straight to our own, through our hands
// where there is something to find in it, or into a recording until it's known what to
// do with it.
type output struct {
	stdout, stderr stream
	record         *recording // nil if nothing is recorded
}

// errFound is why an attempt is ended with --follow.
var errFound = errors.New("the output matches --until")

// openOutput prepares the output of the next run. If the recording fails, or the run is to end at a match, it calls abort.
func (c *call) openOutput(ctx context.Context, abort context.CancelCauseFunc) (*output, error) {
	out := &output{stdout: stream{child: os.Stdout}, stderr: stream{child: os.Stderr}}
	toStdout, toStderr := io.Writer(c.stdout.writer(ctx)), io.Writer(c.stderr.writer(ctx))
	keepStdout, keepStderr := c.output == "last" || c.output == "once", c.output == "last"
	touch := c.output == "prefix" || c.delayFrom != nil
	if keepStdout {
		out.record = &recording{abort: abort}
		toStdout = recorder{out.record, c.stdout}
	}
	if keepStderr {
		toStderr = recorder{out.record, c.stderr}
	}
	if c.output == "prefix" {
		toStdout, toStderr = c.newPrefixer(toStdout, retry.Attempt(ctx)), c.newPrefixer(toStderr, retry.Attempt(ctx))
	}
	look := lines{delays: c.delayFrom}
	if c.follow {
		look.until, look.found = c.patterns[until], func() { abort(errFound) }
	}
	onStdout, onStderr := c.matchers(until, retryStdout, stopStdout), c.matchers(until, retryStderr, stopStderr)
	if keepStdout || touch || onStdout != nil {
		out.stdout.lines = look
		if err := out.stdout.through(toStdout, onStdout); err != nil {
			return nil, err
		}
	}
	switch {
	case !keepStderr && !touch && onStderr == nil:
	case keepStdout == keepStderr && out.stdout.from != nil && c.together():
		// One pipe for both keeps their order.
		out.stderr.child = out.stdout.child
		end(onStderr)
	default:
		out.stderr.lines = look
		if err := out.stderr.through(toStderr, onStderr); err != nil {
			out.discard(ctx)
			return nil, err
		}
	}
	return out, nil
}

// together reports whether both outputs are the same file, as after 2>&1, and no pattern is for one of them only.
func (c *call) together() bool {
	for p, all := range c.patterns {
		if all != nil && pattern(p) != until {
			return false
		}
	}
	out, err1 := os.Stdout.Stat()
	diag, err2 := os.Stderr.Stat()
	return err1 == nil && err2 == nil && os.SameFile(out, diag)
}

// started is called when the run has its ends of the pipes, or never will.
func (o *output) started() {
	o.stdout.started()
	o.stderr.started()
}

// discard is for a run that never was.
func (o *output) discard(ctx context.Context) {
	o.started()
	o.finish(ctx, new(attempt))
	o.record.close()
}

// finish is called when all of the run's processes have ended. It notes what matched.
func (o *output) finish(ctx context.Context, r *attempt) {
	o.stdout.wait()
	o.stderr.wait()
	for _, p := range append(end(o.stdout.matchers), end(o.stderr.matchers)...) {
		r.matches[p] = true
	}
	r.record = o.record
	for _, err := range []error{o.stdout.err, o.stderr.err} {
		switch {
		case errors.Is(err, errStuck):
			r.stuck = true
			r.timedOut = r.timedOut || proc.ToldBy(ctx) == 0
		case errors.Is(err, syscall.EPIPE):
			r.unread = true
		case err != nil && r.broken == nil:
			r.broken = err
		}
	}
}

// end returns the patterns that were found.
func end(ms []*matcher) (found []pattern) {
	for _, m := range ms {
		if m.end() {
			found = append(found, m.pattern)
		}
	}
	return found
}

// A stream is one of the two outputs of a run.
type stream struct {
	child    *os.File // the run's end
	from     *os.File // ours; nil if the run has our own output
	matchers []*matcher
	lines    lines
	to       io.Writer // nil once the run was started
	done     chan struct{}
	err      error // why it didn't all get through
}

// through makes the stream pass through our hands.
func (s *stream) through(to io.Writer, matchers []*matcher) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	s.child, s.from, s.to, s.matchers = w, r, to, matchers
	s.done = make(chan struct{})
	return nil
}

func (s *stream) started() {
	if s.from == nil || s.to == nil {
		return
	}
	s.child.Close()
	to := s.to
	s.to = nil
	go func() {
		defer close(s.done)
		// When nobody takes our output, closing the pipe tells the command in the usual way.
		defer s.from.Close()
		all := []io.Writer{&s.lines}
		for _, m := range s.matchers {
			all = append(all, m)
		}
		through := io.MultiWriter(append(all, to)...)
		if _, s.err = io.Copy(through, s.from); errors.Is(s.err, os.ErrDeadlineExceeded) {
			_, s.err = through.Write(proc.Leftover(s.from))
		}
		if p, ok := to.(*prefixer); ok && s.err == nil {
			s.err = p.end()
		}
	}()
}

// wait waits until all that the run has written is through. A process that got away into
// a session of its own may still hold the pipe; it's not waited for.
func (s *stream) wait() {
	if s.from != nil {
		s.from.SetReadDeadline(time.Unix(1, 0))
		<-s.done
	}
}

// isPipe reports whether f is a pipe or a socket.
func isPipe(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&(fs.ModeNamedPipe|fs.ModeSocket) != 0
}
