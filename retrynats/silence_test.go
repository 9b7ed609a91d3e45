package retrynats

import (
	"testing"
	"testing/synctest"
	"time"
)

// A worker is dead after a lease of silence: of questions without an answer, not of one question and of none after it.
func TestRule5ASilenceIsALeaseOfQuestions(t *testing.T) {
	const length = time.Second
	type question struct {
		after      time.Duration
		answers    bool
		connection uint64
		want       time.Duration
	}
	for name, qs := range map[string][]question{
		"silent":                  {{0, false, 0, 0}, {length / 2, false, 0, length / 2}, {length / 2, false, 0, length}},
		"answers in between":      {{0, false, 0, 0}, {length / 2, true, 0, 0}, {length / 2, false, 0, 0}},
		"nobody asked meanwhile":  {{0, false, 0, 0}, {3 * length, false, 0, 0}, {length, false, 0, length}},
		"the connection was lost": {{0, false, 0, 0}, {length, false, 1, 0}, {length, false, 1, length}},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLeases(length)
			for i, q := range qs {
				time.Sleep(q.after)
				if got := l.heard("w", q.answers, q.connection); got != q.want {
					t.Errorf("%s: after question %d the silence is %v, not %v", name, i+1, got, q.want)
				}
				if got := l.quiet("w", q.connection); got != q.want {
					t.Errorf("%s: after question %d it is known to be quiet for %v, not %v", name, i+1, got, q.want)
				}
			}
			time.Sleep(3 * length)
			if got := l.quiet("w", qs[len(qs)-1].connection); got != 0 {
				t.Errorf("%s: a silence of %v goes on though nobody asks", name, got)
			}
			for range 200 {
				l.heard(time.Now().String(), false, 0)
				time.Sleep(length)
			}
			if n := len(l.silent); n > 110 {
				t.Errorf("%s: %d silences are kept", name, n)
			}
		})
	}
}
