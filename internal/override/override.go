// Package override carries what a test says of the calls under its context from package
// retrytest to package retry. It is of no use to anybody else.
package override

import (
	"context"
	"sync/atomic"
	"time"
)

// An Override changes the calls under a context. It may be shared by any number of them.
type Override struct {
	MaxDelay time.Duration // the longest that a call waits before an attempt
	Attempts int           // the most that a call makes, if positive
	Seed     uint64        // of the jitter of each call; if it's 0, there is none
	Record   func(name string, attempt int, delay time.Duration)
}

type key struct{}

// used says that there has been an override in this program: until then no call looks for one.
var used atomic.Bool

// With returns ctx with o.
func With(ctx context.Context, o *Override) context.Context {
	used.Store(true)
	return context.WithValue(ctx, key{}, o)
}

// From returns the innermost override of ctx, or nil.
func From(ctx context.Context) *Override {
	if !used.Load() {
		return nil
	}
	o, _ := ctx.Value(key{}).(*Override)
	return o
}
