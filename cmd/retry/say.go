package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/callagain/retry"
	"github.com/callagain/retry/cmd/retry/internal/proc"
	"github.com/callagain/retry/internal/redact"
)

// A speaker says on standard error what happens: in text, or as JSON for machines. It never
// says the command's arguments, which may hold what is nobody's business.
type speaker struct {
	to             io.Writer
	ours           io.Writer // for our own errors as well, if that isn't nil
	quiet, verbose bool
	stamped        bool
	json           *slog.Logger // nil for text
	terminal       bool
}

// newSpeaker makes a speaker to stderr or, if log isn't nil, to that.
func newSpeaker(o *options, stderr io.Writer, log *logWriter) *speaker {
	to, s := stderr, &speaker{quiet: o.quiet, verbose: o.verbose, stamped: o.verbose || log != nil}
	if log != nil {
		to, s.ours = log, stderr
	}
	s.to = to
	if o.log == "json" {
		s.json = slog.New(slog.NewJSONHandler(to, nil))
	}
	s.terminal = s.json == nil && log == nil && !s.quiet && proc.Columns(os.Stderr) > 0 && os.Getenv("TERM") != "dumb"
	return s
}

// say says one thing: a line of text, or msg with attrs.
func (s *speaker) say(level slog.Level, text, msg string, attrs ...slog.Attr) {
	if msg == "error" && s.ours != nil {
		io.WriteString(s.ours, "retry: "+plain(text)+"\n")
	}
	if s.json != nil {
		s.json.LogAttrs(context.Background(), level, msg, attrs...)
		return
	}
	// A buffer that may still be written when we have given up is nobody else's.
	io.WriteString(s.to, "retry: "+stamp(s.stamped)+plain(text)+"\n")
}

// problem says what went wrong without ending the call.
func (s *speaker) problem(err error) {
	if !s.quiet {
		s.say(slog.LevelWarn, err.Error(), "problem", slog.String("error", err.Error()))
	}
}

// error says why we failed ourselves. It's never silent.
func (s *speaker) error(err error) {
	s.say(slog.LevelError, err.Error(), "error", slog.String("why", err.Error()), slog.Int("code", codeOurs))
}

func (s *speaker) starting(c *call, r *attempt) {
	if s.verbose {
		doing := "starting "
		if c.probes != nil {
			doing = "looking for "
		}
		s.say(slog.LevelInfo, c.counted(r.number)+": "+doing+c.name, "starting",
			slog.Int("attempt", r.number), slog.String("command", c.name))
	}
}

func (s *speaker) retrying(c *call, e retry.Event) {
	if s.quiet {
		return
	}
	next := "next in " + short(e.Delay)
	switch {
	case e.Delay < time.Millisecond:
		next = "next at once"
	case c.last.asked == e.Delay:
		next += ", as it asked"
	case c.lastBegun:
	case c.spread() != retry.NoJitter:
		next += " (jittered)" // or it would look like a fault that delays don't grow
	}
	if c.lastBegun {
		next += ", for the last time"
	}
	s.say(slog.LevelInfo, c.lastRun()+"; "+next, "retrying", append(c.attrs(), slog.Float64("delay_seconds", e.Delay.Seconds()))...)
}

func (s *speaker) ended(c *call, end ending) {
	took := time.Since(c.started)
	if s.terminal && end.signal == syscall.SIGINT {
		fmt.Fprint(s.to, "\r\x1b[K") // instead of ^C
	}
	attrs := append(c.attrs(), slog.String("ended", end.kind), slog.String("why", end.why),
		slog.Int("code", end.code), slog.Float64("elapsed_seconds", took.Seconds()))
	switch {
	case end.kind == "error": // never silent
		s.say(slog.LevelError, end.why, "error", attrs...)
	case s.quiet:
	case end.kind == "succeeded":
		if s.verbose || c.made > c.consecutive {
			s.say(slog.LevelInfo, fmt.Sprintf("success at attempt %d after %s", c.last.number, short(took)), "succeeded", attrs...)
		}
	case c.last == nil:
		s.say(slog.LevelError, "gave up before the first attempt: "+end.why, "gave up", attrs...)
	case c.waiting:
		s.say(slog.LevelError, "gave up after "+many(c.made, "attempt")+" in "+short(took)+": "+end.why, "gave up", attrs...)
	case end.kind == "stopped" || c.made == 1:
		s.say(slog.LevelError, c.lastRun()+"; gave up: "+end.why, "gave up", attrs...)
	default:
		s.say(slog.LevelError, c.lastRun()+"; gave up after "+short(took)+": "+end.why, "gave up", attrs...)
	}
}

// lastRun says how the last run ended.
func (c *call) lastRun() string {
	text := c.counted(c.last.number) + ": " + c.last.reason
	if !c.last.timedOut && c.last.startErr == nil {
		text += " after " + short(c.last.took)
	}
	return text
}

func (c *call) counted(n int) string {
	if c.most == unlimited {
		return "attempt " + strconv.Itoa(n)
	}
	return fmt.Sprintf("attempt %d of %d", n, c.most)
}

// attrs are what machines are told of the last run.
func (c *call) attrs() []slog.Attr {
	if c.last == nil {
		return nil
	}
	attrs := []slog.Attr{slog.Int("attempt", c.last.number)}
	if c.most != unlimited {
		attrs = append(attrs, slog.Int("attempts", c.most))
	}
	if c.last.signal != 0 {
		attrs = append(attrs, slog.String("signal", proc.Name(c.last.signal)))
	} else {
		attrs = append(attrs, slog.Int("exit_code", c.last.code))
	}
	return append(attrs, slog.String("reason", c.last.reason), slog.Float64("duration_seconds", c.last.took.Seconds()))
}

// short writes a duration as exactly as a person wants to read it.
func short(d time.Duration) string {
	switch {
	case d >= 10*time.Minute:
		d = d.Round(time.Minute)
	case d >= time.Minute:
		d = d.Round(time.Second)
	case d >= 10*time.Second:
		d = d.Round(100 * time.Millisecond)
	case d >= time.Second:
		d = d.Round(10 * time.Millisecond)
	case d > 0:
		d = max(d.Round(time.Millisecond), time.Millisecond) // nobody reads less
	}
	text := d.String()
	// 2m0s is 2m, and 1h0m0s is 1h.
	for _, none := range []string{"m0s", "h0m"} {
		if start, ok := strings.CutSuffix(text, none); ok {
			text = start + none[:1]
		}
	}
	return text
}

func many(n int, what string) string { return plural(n, what, what+"s") }

func plural(n int, one, more string) string {
	if n != 1 {
		one = more
	}
	return strconv.Itoa(n) + " " + one
}

// plain makes harmless what would make a terminal do something, and keeps the rest as it is.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\ufffd'
	}, s)
}

// nameOf is what is shown of a command's name: of a whole line only the first word, since the rest is arguments.
func nameOf(command string) string {
	if i := strings.IndexFunc(command, unicode.IsSpace); i >= 0 {
		command = command[:i] + " …"
	}
	return plain(redact.String(command))
}
