package peers

import (
	"context"

	"github.com/eapache/go-resiliency/retrier"
)

var eapache = Library{
	Name:     "eapache/go-resiliency",
	Module:   "github.com/eapache/go-resiliency",
	Make:     makeEapache,
	NoValue:  true,
	UserMark: true,
	Stop:     func(err error) error { return &hopeless{err} },
	Attempt:  attempt,
}

// A hopeless error is one that the user's own Classifier fails fast on.
type hopeless struct{ error }

func (h *hopeless) Unwrap() error { return h.error }

func (*hopeless) Is(target error) bool { return target == errHopeless }

var errHopeless = &hopeless{}

func makeEapache(p Plan) (Call, error) {
	switch {
	case p.Within > 0:
		return nil, NotOffered("has no limit of time of its own")
	case p.Timeout != 0:
		return nil, NotOffered("has no timeout of an attempt")
	case p.Once != nil:
		return nil, NotOffered("has no test of failures with a state for each call")
	case p.Budget:
		return nil, NotOffered("has no budget")
	case p.OnRetry != nil, p.OnEnd != nil:
		return nil, NotOffered("has no hooks")
	}
	retries := p.Attempts - 1
	if p.Attempts <= 0 { // its endless retries repeat the last delay of the list
		retries = 64
	}
	delays := retrier.ConstantBackoff(retries, p.Delay)
	switch {
	case p.Delays != nil:
		delays = p.Delays
	case p.Max != 0:
		delays = retrier.LimitedExponentialBackoff(retries, p.Delay, p.Max)
	}
	r := retrier.New(delays, retrier.BlacklistClassifier{errHopeless}).WithSurfaceWorkErrors()
	if p.Attempts <= 0 && p.Delays == nil {
		r.WithInfiniteRetry()
	}
	if p.Jitter {
		r.SetJitter(.5)
	}
	return func(ctx context.Context, f Func) (v int, err error) {
		err = r.RunFn(ctx, func(ctx context.Context, retries int) error {
			v, err = f(withAttempt(ctx, retries+1))
			return err
		})
		return v, err
	}, nil
}
