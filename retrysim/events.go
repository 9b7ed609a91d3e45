package retrysim

import "math"

// An event is what happens to one attempt at one time. Events of the same time are in the order of key: of the attempts' serial
// numbers, so that who came first is first.
type event struct {
	at  int64
	key uint64 // serial number << 32 | kind << indexBits | index of the call
}

type kind uint32

const (
	send    kind = iota // an attempt leaves its client
	arrive              // ... comes to the server
	served              // ... has been worked on
	succeed             // ... its answer comes to the client
	fail                // ... its failure comes to the client
	timeout             // ... its client leaves
	hedge               // ... its client makes another one beside it
)

const indexBits = 29 // of calls in progress: 536 million

func newEvent(at int64, serial uint32, k kind, index uint32) event {
	return event{at, uint64(serial)<<32 | uint64(k)<<indexBits | uint64(index)}
}

func (e event) serial() uint32 { return uint32(e.key >> 32) }
func (e event) kind() kind     { return kind(e.key >> indexBits & 7) }
func (e event) index() uint32  { return uint32(e.key & (1<<indexBits - 1)) }

func (e event) before(f event) bool { return e.at < f.at || e.at == f.at && e.key < f.key }

var never = event{math.MaxInt64, math.MaxUint64}

// A heap holds events whose times are in no order. It has four children for each node, which are one cache line: with a million
// pending events the time is that of the memory.
type heap []event

func (h *heap) push(e event) {
	*h = append(*h, e)
	s := *h
	i := len(s) - 1
	for i > 0 {
		parent := (i - 1) / 4
		if !e.before(s[parent]) {
			break
		}
		s[i] = s[parent]
		i = parent
	}
	s[i] = e
}

func (h heap) first() event {
	if len(h) == 0 {
		return never
	}
	return h[0]
}

func (h *heap) pop() {
	s := *h
	n := len(s) - 1
	last := s[n]
	s = s[:n]
	*h = s
	if n == 0 {
		return
	}
	i := 0
	for {
		child := 4*i + 1
		if child >= n {
			break
		}
		least := child
		at := s[child]
		for c := child + 1; c < min(child+4, n); c++ {
			if s[c].before(at) {
				least, at = c, s[c]
			}
		}
		if !at.before(last) {
			break
		}
		s[i] = at
		i = least
	}
	s[i] = last
}

// A ring is a queue that grows.
type ring[T any] struct {
	items       []T // a power of two of them
	head, count int
}

func (r *ring[T]) push(x T) {
	if r.count == len(r.items) {
		items := make([]T, max(64, 2*len(r.items)))
		n := copy(items, r.items[r.head:])
		copy(items[n:], r.items[:r.head])
		r.items, r.head = items, 0
	}
	r.items[(r.head+r.count)&(len(r.items)-1)] = x
	r.count++
}

func (r *ring[T]) front() T { return r.items[r.head] }

func (r *ring[T]) popFront() T {
	x := r.items[r.head]
	r.head = (r.head + 1) & (len(r.items) - 1)
	r.count--
	return x
}

func (r *ring[T]) popBack() T {
	r.count--
	return r.items[(r.head+r.count)&(len(r.items)-1)]
}

// An agenda holds the events to come. Events that are made in the order of their times, as equal timeouts are, wait in a lane
// instead of the heap.
type agenda struct {
	heap    heap
	lanes   [lanes]laneQueue
	soon    lane  // the lane whose first event is before those of the others
	soonest event // that event
}

type laneQueue struct {
	ring[event]
	last event
}

type lane int

const (
	soonLane    lane = iota // what happens at once
	hopLane                 // a network of constant latency
	serviceLane             // a service of constant latency
	timeoutLane
	hedgeLane
	lanes
	noLane = lanes
)

func (a *agenda) init() { a.soonest = never }

// push adds e, to a lane if it isn't before the last event there.
func (a *agenda) push(l lane, e event) {
	if l != noLane {
		q := &a.lanes[l]
		if q.count == 0 || q.last.before(e) {
			if q.count == 0 && e.before(a.soonest) {
				a.soon, a.soonest = l, e
			}
			q.last = e
			q.push(e)
			return
		}
	}
	a.heap.push(e)
}

// next returns the next event and where it is.
func (a *agenda) next() (event, lane) {
	if e := a.heap.first(); e.before(a.soonest) {
		return e, noLane
	}
	return a.soonest, a.soon
}

func (a *agenda) remove(from lane) {
	if from == noLane {
		a.heap.pop()
		return
	}
	a.lanes[from].popFront()
	a.soonest = never
	for i := range a.lanes {
		if q := &a.lanes[i]; q.count > 0 && q.front().before(a.soonest) {
			a.soon, a.soonest = lane(i), q.front()
		}
	}
}
