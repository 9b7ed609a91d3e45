package retrynats

import (
	"sync"
	"time"

	"github.com/callagain/retry/retrynats/internal/record"
)

const (
	suspectFrom = 2                // crashes in a row
	suspectTime = 10 * time.Second // after which another suspect may begin
)

// suspects are calls whose attempts keep crashing. One of them may be what kills the process, and the others its neighbors: only one at
// a time is run in a process, so that the neighbors' attempts come to an end. (Delays alone don't part them: if the process takes longer to
// restart than they are, all are due at once.)
type suspects chan struct{}

// enter lets a call in, and reports whether it could. leave is to be called at the end of the attempt.
func (s suspects) enter(r *record.Record) (leave func(), ok bool) {
	if r.Crashes.Attempts < suspectFrom {
		return func() {}, true
	}
	select {
	case s <- struct{}{}:
	default:
		return nil, false
	}
	out := sync.OnceFunc(func() { <-s })
	t := time.AfterFunc(suspectTime, out)
	return func() { t.Stop(); out() }, true
}
