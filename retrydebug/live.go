package retrydebug

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const maxReaders = 64

// live sends the page's content whenever it has changed, as server-sent events. What is sent is JSON, so that no text in it can end
// the event.
func (b *Board) live(w http.ResponseWriter, r *http.Request, v view) {
	if b.readers.Add(1) > maxReaders {
		b.readers.Add(-1)
		w.Header().Set("Retry-After", "10")
		http.Error(w, "too many live readers; reload the page instead", http.StatusServiceUnavailable)
		return
	}
	defer b.readers.Add(-1)
	c := http.NewResponseController(w)
	if err := c.SetWriteDeadline(time.Now().Add(b.stall)); err != nil {
		http.Error(w, "no live updates: the server's ResponseWriter can't limit the time of a write: "+visible(err.Error(), maxText), http.StatusNotImplemented)
		return
	}
	defer c.SetWriteDeadline(time.Time{}) // the connection may serve more requests
	w.Header().Set("Content-Type", "text/event-stream")
	send := func(format string, args ...any) error {
		c.SetWriteDeadline(time.Now().Add(b.stall))
		if _, err := fmt.Fprintf(w, format, args...); err != nil {
			return err
		}
		return c.Flush()
	}
	if send("retry: 1000\n\n") != nil {
		return
	}
	tick := time.NewTicker(b.tick)
	defer tick.Stop()
	end := time.NewTimer(b.stream)
	defer end.Stop()
	var last []byte
	for quiet := 0; ; {
		main := b.views.content(v, b.tick*3/4, b.content)
		quiet++
		if !bytes.Equal(main, last) {
			data, _ := json.Marshal(string(main)) // of a string: no error
			if send("data: %s\n\n", data) != nil {
				return
			}
			last, quiet = main, 0
		} else if quiet%5 == 0 && send(":\n\n") != nil { // finds out whether somebody is there
			return
		}
		select {
		case <-tick.C:
		case <-end.C:
			return
		case <-r.Context().Done():
			return
		}
	}
}
