package retrysim

import (
	"slices"
	"testing"
)

// Whatever way events go, through lanes or the heap, they come out in order.
func TestEventsComeInOrder(t *testing.T) {
	s := newStream(1, 0)
	var a agenda
	a.init()
	var waiting []event
	now := int64(0)
	serial := uint32(0)
	for range 200_000 {
		if len(waiting) == 0 || s.below(100) < 51 {
			serial++
			l := lane(s.below(uint64(lanes) + 1))
			at := now + int64(s.below(50))
			if l == soonLane {
				at = now
			}
			e := newEvent(at, serial, kind(s.below(7)), uint32(s.below(1<<indexBits)))
			a.push(l, e)
			i, _ := slices.BinarySearchFunc(waiting, e, func(a, b event) int {
				if a.before(b) {
					return -1
				}
				return 1
			})
			waiting = slices.Insert(waiting, i, e)
			continue
		}
		e, from := a.next()
		a.remove(from)
		if e != waiting[0] {
			t.Fatalf("got %v; want %v", e, waiting[0])
		}
		now = e.at
		waiting = waiting[1:]
	}
	for range waiting {
		_, from := a.next()
		a.remove(from)
	}
	if e, _ := a.next(); e != never {
		t.Errorf("%v is left", e)
	}
}

func TestAnEventHasItsParts(t *testing.T) {
	e := newEvent(7, 1<<32-1, hedge, 1<<indexBits-1)
	if e.at != 7 || e.serial() != 1<<32-1 || e.kind() != hedge || e.index() != 1<<indexBits-1 {
		t.Errorf("%v %v %v %v", e.at, e.serial(), e.kind(), e.index())
	}
	e = newEvent(7, 1, send, 2)
	if e.serial() != 1 || e.kind() != send || e.index() != 2 {
		t.Errorf("%v %v %v", e.serial(), e.kind(), e.index())
	}
}

func TestHistogramBucketsAreNarrow(t *testing.T) {
	last := -1
	for d := int64(0); d < 1<<61; d += 1 + d/1000 {
		b := bucket(d)
		if b != last && b != last+1 {
			t.Fatalf("bucket of %d is %d, after %d", d, b, last)
		}
		last = b
		if u := upper(b); u < d || float64(u-d) > float64(d)/32+1 {
			t.Fatalf("%d is in a bucket up to %d", d, u)
		}
	}
	if n := len(histogram{}.buckets); bucket(longest) >= n || bucket(1<<62) >= n {
		t.Errorf("%d buckets aren't enough for %d", n, bucket(longest))
	}
}
