package retry

import "time"

// A place is where a call stands in its schedule. It is passed by value, so that it can stay on the stack.
type place struct {
	delays int           // taken so far
	base   time.Duration // what the last one was made from; if it is 0, that is worked out from delays
	last   time.Duration // the last one
	seed   uint64        // of the jitter; 0 if none was drawn yet
}

// none is no delay, since the call is over or the schedule is invalid.
const none = time.Duration(-1)
