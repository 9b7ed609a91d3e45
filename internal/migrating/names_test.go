package migrating

import (
	"context"
	"errors"
	"net/http"
	_ "testing/synctest"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
	"github.com/callagain/retry/retrytest"
)

// What pages point to without a program that needs it.
var (
	_ = retry.After
	_ = retry.Log
	_ = retrytest.Context
	_ = retryhttp.NewClient
	_ = retry.Seq(nil)
	_ = retry.Policy{Observe: nil, Attempts: retry.Unlimited}
	_ = retry.Exponential{Grow: func(d time.Duration) time.Duration { return d + d/2 }}
	_ = (*retryhttp.StatusError)(nil)
	_ = (*retry.Call[int])(nil)
	_ = func(Transport *retryhttp.Transport) int64 { return Transport.BufferBody }
	_ = func(req *http.Request) any { return req.GetBody }
	_ = func(e *retry.Error) error { return e.First() }
	_ = func(_ context.Context, e retry.Event) bool { return errors.Is(e.Err, retry.ErrTooLate) }
)
