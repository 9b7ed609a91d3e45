package main

import (
	"fmt"
	"os"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/cmd/retry/internal/proc"
)

// live is a line on the terminal that counts down to the next attempt. It's drawn only while
// nothing else is, and leaves no trace.
type live struct {
	quit, done chan struct{}
}

// countdown starts to count; it returns nil where there is no terminal to do it on.
func (s *speaker) countdown(c *call, e retry.Event) *live {
	if !s.terminal || e.Delay < time.Second {
		return nil
	}
	l := &live{make(chan struct{}), make(chan struct{})}
	next, until := c.counted(e.Attempt+1), time.Now().Add(e.Delay)
	go func() {
		defer close(l.done)
		for {
			left := time.Until(until)
			if width := proc.Columns(os.Stderr); width > 0 && proc.InForeground(os.Stderr) {
				line := fmt.Sprintf("retry: %s in %s (Ctrl-C ends it)", next, seconds(left))
				c.stderr.write(c.ctx, fmt.Appendf(nil, "\r%.*s\x1b[K", width-1, line))
			}
			// Wake when the number changes.
			select {
			case <-l.quit:
				if proc.InForeground(os.Stderr) {
					c.stderr.write(c.ctx, []byte("\r\x1b[K"))
				}
				return
			case <-time.After(max((left-1)%time.Second+1, 10*time.Millisecond)):
			}
		}
	}()
	return l
}

// stop wipes the line out.
func (l *live) stop() {
	if l != nil {
		close(l.quit)
		<-l.done
	}
}

// seconds rounds up, so that the last one shown is 1s.
func seconds(d time.Duration) string {
	return short(max((d+time.Second-1)/time.Second, 0) * time.Second)
}
