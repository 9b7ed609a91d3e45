package retrynats

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/callagain/retry/internal/redact"
	"github.com/callagain/retry/retrynats/internal/host"
	"github.com/callagain/retry/retrynats/internal/record"
	"github.com/callagain/retry/retrynats/internal/store"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"
)

// An Engine stores calls, and makes the attempts of those whose functions are registered with it. Its methods, and those of its
// functions and calls, may be used by any number of goroutines.
type Engine struct {
	set   Settings
	name  string     // of this engine as a worker: nobody has had it before
	host  *host.Host // nil for a URL
	nc    *nats.Conn
	store *store.Store
	slots chan struct{}
	lease *leases
	alone suspects

	life      context.Context // ends when everything is over
	end       context.CancelFunc
	taking    context.Context // ends when no more calls are taken
	stop      context.CancelFunc
	attempts  context.Context // what attempts' contexts are derived from
	interrupt context.CancelCauseFunc

	opened    chan struct{}
	mu        sync.Mutex
	closed    bool
	functions map[string]*function
	takers    sync.WaitGroup // goroutines that take calls or look after them
	working   sync.WaitGroup // calls that were taken

	every, overdue time.Duration // of the sweep
	parting        time.Duration // which attempts that Close has interrupted have to return
}

// Open opens the directory or connects to the server, and makes the two streams RETRY_CALLS and RETRY_WAKE if they don't exist. Its
// errors say what to do.
func Open(ctx context.Context, set Settings) (*Engine, error) {
	set, err := set.fill()
	if err != nil {
		return nil, fmt.Errorf("retrynats: settings: %w", err)
	}
	e := newEngine(set)
	if err := e.open(ctx); err != nil {
		e.shut()
		return nil, fmt.Errorf("retrynats: open %s: %w", or(set.Dir, redact.String(set.URL)), err)
	}
	return e, nil
}

func newEngine(set Settings) *Engine {
	e := &Engine{set: set, name: nuid.Next(), slots: make(chan struct{}, set.AtOnce), functions: map[string]*function{}, opened: make(chan struct{}),
		every: 10 * time.Second, overdue: 30 * time.Second, parting: time.Second}
	e.life, e.end = context.WithCancel(context.Background())
	e.taking, e.stop = context.WithCancel(e.life)
	e.attempts, e.interrupt = context.WithCancelCause(context.Background())
	e.lease, e.alone = newLeases(set.Lease), make(suspects, 1)
	return e
}

func (e *Engine) open(ctx context.Context) (err error) {
	options := e.set.Options
	conf := store.Config{Replicas: e.set.Replicas, MaxBytes: e.set.MaxBytes}
	if e.set.Dir != "" {
		if e.host, err = host.Open(ctx, e.set.Dir, e.name, e.set.Log, e.tookOver); err != nil {
			return err
		}
		if options, err = e.host.Options(); err != nil {
			return err
		}
		conf.Replicas, conf.Embedded, conf.Free, conf.Reserve = 1, true, e.host.Free, e.set.Reserve
	}
	if e.nc, err = e.connect(ctx, options); err != nil {
		return err
	}
	if e.store, err = store.Open(ctx, e.life, e.nc, conf); err != nil {
		return err
	}
	if err := e.answer(); err != nil {
		return err
	}
	if err := e.permitted(ctx); err != nil {
		return err
	}
	defer close(e.opened)
	first := e.host == nil || e.host.Owner()
	if e.host != nil && first {
		if err := e.store.Forget(ctx); err != nil {
			return err
		}
	}
	go e.beat() // until everything is over, since attempts that are left to end keep their leases
	e.takers.Go(func() { e.sweeps(first) })
	return nil
}

// connect connects to the server. In a directory its owner may be dying, and then this process may be the next.
func (e *Engine) connect(ctx context.Context, options []nats.Option) (*nats.Conn, error) {
	options = append([]nats.Option{nats.Name("retrynats " + e.name), nats.MaxReconnects(-1), nats.Timeout(2 * time.Second),
		nats.ReconnectWait(100 * time.Millisecond), nats.ReconnectJitter(20*time.Millisecond, 20*time.Millisecond),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			e.set.Log.Warn("retrynats: connection", "err", err)
		})}, options...)
	if e.host == nil {
		return nats.Connect(e.set.URL, options...)
	}
	options = append(options, nats.ReconnectWait(20*time.Millisecond), nats.ReconnectJitter(5*time.Millisecond, 5*time.Millisecond))
	for deadline := time.Now().Add(15 * time.Second); ; {
		nc, err := nats.Connect("nats://127.0.0.1", options...)
		if err == nil {
			return nc, nil
		}
		if time.Now().After(deadline) {
			return nil, e.unreachable(err)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return nil, e.unreachable(errors.Join(context.Cause(ctx), err))
		}
	}
}

func (e *Engine) unreachable(err error) error {
	return fmt.Errorf("its server, in %s, can't be reached from here: is that process stopped, or in another container? (%w)", e.host.Holder(), err)
}

// tookOver is called when this process has become the owner of the directory, which may be while it is still opening it.
func (e *Engine) tookOver() {
	select {
	case <-e.opened:
	case <-e.life.Done():
		return
	}
	for e.life.Err() == nil {
		ctx, cancel := context.WithTimeout(e.life, 5*time.Second)
		err := e.store.Forget(ctx)
		cancel()
		if err == nil {
			break
		}
		e.set.Log.Warn("retrynats: make the consumers anew", "err", err)
		pause(e.life, 20*time.Millisecond)
	}
	for e.life.Err() == nil && e.sweep(e.life, true, e.overdue) != nil {
		pause(e.life, 100*time.Millisecond)
	}
}

// Close makes the engine take no more calls, and waits for the attempts that run until ctx is over. Then it ends the contexts of those
// that are left: their calls are for the next process, without a failure being counted, if they return within a second, and are
// thought to have crashed otherwise. Close returns an error if there were any, and nil if the engine was closed before.
func (e *Engine) Close(ctx context.Context) error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	e.closed = true
	e.mu.Unlock()
	e.stop()
	done := make(chan struct{})
	go func() { e.takers.Wait(); e.working.Wait(); close(done) }()
	var err error
	select {
	case <-done:
	case <-ctx.Done():
		err = fmt.Errorf("retrynats: close: attempts that still ran were left to the next process: %w", context.Cause(ctx))
		e.interrupt(ErrClosed)
		select {
		case <-done:
		case <-time.After(e.parting):
		}
	}
	e.shut()
	return err
}

func (e *Engine) shut() {
	if e.nc != nil && e.nc.IsConnected() {
		e.nc.FlushTimeout(time.Second) // the last acknowledgements
	}
	e.end()
	e.interrupt(ErrClosed)
	if e.nc != nil {
		e.nc.Close()
	}
	if e.host != nil {
		e.host.Close()
	}
}

// gone tells whoever runs the attempt of a revision that it needn't go on.
func (e *Engine) gone(id string, revision uint64) {
	e.lease.cancel(id, revision, ErrCanceled)
	e.nc.Publish(record.Cancels+id, strconv.AppendUint(nil, revision, 10))
}

// answer subscribes to what others ask this worker and tell it.
func (e *Engine) answer() error {
	if _, err := e.nc.Subscribe(record.Workers+e.name, func(m *nats.Msg) {
		s := "no"
		if e.lease.has(string(m.Data)) {
			s = "yes"
		}
		m.Respond([]byte(s))
	}); err != nil {
		return err
	}
	_, err := e.nc.Subscribe(record.Cancels+">", func(m *nats.Msg) {
		rev, _ := strconv.ParseUint(string(m.Data), 10, 64)
		e.lease.cancel(m.Subject[len(record.Cancels):], rev, ErrCanceled)
	})
	return err
}

// permitted returns an error if the server has refused what every worker does. Otherwise the first Start would wait in vain for its
// answer. A server that doesn't answer now isn't one that refuses.
func (e *Engine) permitted(ctx context.Context) error {
	e.nc.Publish(record.Workers+"nobody", nil)
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	e.nc.FlushWithContext(ctx)
	return store.Forbidden(e.nc)
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
