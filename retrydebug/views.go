package retrydebug

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// A view says what of the board is asked for.
type view struct {
	policy string // the one, if it isn't empty
	find   string // in names
	most   int    // budgets, and hosts of each transport; 0 for all
}

func (v view) shows(names ...string) bool {
	return v.find == "" || slices.ContainsFunc(names, func(s string) bool {
		return strings.Contains(strings.ToLower(s), strings.ToLower(v.find))
	})
}

// views keeps the content of the page for its readers: however many there are, it is made once a tick, by one of them.
type views struct {
	mu   sync.Mutex
	made map[view]rendered
}

type rendered struct {
	at      time.Time
	content []byte
}

func (x *views) content(v view, fresh time.Duration, make func(view) []byte) []byte {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := time.Now()
	if m, ok := x.made[v]; ok && now.Sub(m.at) < fresh {
		return m.content
	}
	if x.made == nil || len(x.made) >= 8 {
		x.made = map[view]rendered{}
	}
	m := rendered{now, make(v)}
	x.made[v] = m
	return m.content
}

// forget has what is asked for next made anew.
func (x *views) forget() {
	x.mu.Lock()
	defer x.mu.Unlock()
	clear(x.made)
}
