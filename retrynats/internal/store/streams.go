// Package store keeps the records of calls in one JetStream stream, and what wakes them in another.
//
// CALLS is the truth: the record of each call, by subject, replaced by compare and set. WAKE is disposable: a schedule for each
// call that waits, and a tick for each that is due. It can be deleted and made again from CALLS.
package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrynats/internal/record"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The names of the streams.
const (
	CallsStream = "RETRY_CALLS"
	WakeStream  = "RETRY_WAKE"
)

const (
	maxMessage = 3 << 20  // of a stream
	maxRecord  = 2 << 20  // leaves room for the failures and the result of what was accepted
	maxTick    = 64 << 10 // a longer record isn't repeated in its tick
	answer     = 5 * time.Second
)

// Config is what the streams are made with.
type Config struct {
	Replicas int   // 0: three in a cluster, otherwise one
	MaxBytes int64 // of CALLS; 0 for no limit
	Embedded bool  // the server is ours: WAKE needn't be synced
	// Free returns what is free of the disk, and Reserve is how much of that isn't for new calls.
	Free    func() (int64, error)
	Reserve int64
}

// A Store is the two streams.
type Store struct {
	nc    *nats.Conn
	js    jetstream.JetStream
	calls jetstream.Stream
	wake  jetstream.Stream
	put   chan *write
	life  context.Context // of the store
	room  room
	safe  bool // reads are from the leader
}

// Open makes the streams, or takes those that are there. It is closed when life is over.
func Open(ctx, life context.Context, nc *nats.Conn, c Config) (*Store, error) {
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(8000), jetstream.WithPublishAsyncTimeout(answer), jetstream.WithDefaultTimeout(answer))
	if err != nil {
		return nil, err
	}
	s := &Store{nc: nc, js: js, put: make(chan *write, 4096), life: life}
	if c.Replicas == 0 {
		c.Replicas = 1
		if nc.ConnectedClusterName() != "" {
			c.Replicas = 3
		}
	}
	// A cluster that has just lost a leader has no answer for some seconds.
	trying := retry.Policy{Name: "retrynats.Open", Attempts: retry.Unlimited, Within: 30 * time.Second, RetryIf: func(err error) bool { return temporary(nc, err) },
		Backoff: retry.Exponential{Initial: 50 * time.Millisecond, Max: time.Second}}
	if s.calls, err = retry.Get(ctx, trying, func(ctx context.Context) (jetstream.Stream, error) { return s.stream(ctx, callsConfig(c)) }); err != nil {
		return nil, explain(nc, err)
	}
	if s.wake, err = retry.Get(ctx, trying, func(ctx context.Context) (jetstream.Stream, error) { return s.stream(ctx, wakeConfig(c)) }); err != nil {
		return nil, explain(nc, err)
	}
	s.safe = s.calls.CachedInfo().Config.Replicas > 1
	s.room = room{max: s.calls.CachedInfo().Config.MaxBytes, free: c.Free, reserve: c.Reserve}
	for range 2 { // the next batch is gathered while one is being stored
		go s.commit()
	}
	return s, nil
}

func callsConfig(c Config) jetstream.StreamConfig {
	most := c.MaxBytes
	if most == 0 {
		most = -1
	}
	// Nothing here is a roll-up: on a subject that a consumer reads, each makes the server look through all that is pending.
	return jetstream.StreamConfig{Name: CallsStream, Description: "durable calls of retrynats: one record for each", Subjects: []string{record.Calls + ">"},
		Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardNew, MaxMsgsPerSubject: 1, MaxBytes: most, MaxMsgSize: maxMessage, Storage: jetstream.FileStorage, Replicas: c.Replicas,
		AllowMsgTTL: true, AllowAtomicPublish: true, AllowDirect: true, Duplicates: 100 * time.Millisecond,
		RePublish: &jetstream.RePublish{Source: record.Calls + ">", Destination: record.Events + ">", HeadersOnly: true}}
}

func wakeConfig(c Config) jetstream.StreamConfig {
	// Schedules forbid Discard New, and Discard Old drops calls that wait: so this stream has no limit.
	w := jetstream.StreamConfig{Name: WakeStream, Description: "wakes the calls of " + CallsStream + "; may be deleted while no worker runs", Subjects: []string{record.Schedules + ">", record.Ready + ">"},
		Retention: jetstream.WorkQueuePolicy, Discard: jetstream.DiscardOld, MaxMsgsPerSubject: 1, MaxBytes: -1, MaxMsgSize: maxMessage, Storage: jetstream.FileStorage, Replicas: c.Replicas,
		AllowMsgTTL: true, AllowMsgSchedules: true, AllowDirect: true, Duplicates: 100 * time.Millisecond}
	if c.Embedded {
		w.PersistMode = jetstream.AsyncPersistMode
	}
	return w
}

// stream returns the stream that is there, or makes it. What another process has set stays, unless c says otherwise.
func (s *Store) stream(ctx context.Context, c jetstream.StreamConfig) (jetstream.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	st, err := s.js.Stream(ctx, c.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		st, err = s.js.CreateStream(ctx, c)
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			return nil, retry.After(err, 0) // another process was first; it may have made it otherwise
		}
	}
	if err != nil {
		return nil, err
	}
	have := st.CachedInfo().Config
	if c.MaxBytes > 0 && have.MaxBytes != c.MaxBytes {
		have.MaxBytes = c.MaxBytes
		if st, err = s.js.UpdateStream(ctx, have); err != nil {
			return nil, err
		}
		have = st.CachedInfo().Config
	}
	return st, verify(s.nc, c, have)
}

// verify compares what the server has with what it was asked for: servers before 2.12 leave out silently what they don't know, and
// schedules are lost then.
func verify(nc *nats.Conn, want, have jetstream.StreamConfig) error {
	old := ""
	switch {
	case want.AllowMsgSchedules && !have.AllowMsgSchedules:
		old = "message schedules"
	case want.AllowAtomicPublish && !have.AllowAtomicPublish:
		old = "atomic batches"
	case want.AllowMsgTTL && !have.AllowMsgTTL:
		old = "a time to live for messages"
	}
	if old != "" {
		return retry.Stop(fmt.Errorf("the stream %s on server %s %s doesn't have %s: it needs nats-server 2.12 or later, and a stream made by it",
			want.Name, nc.ConnectedServerName(), nc.ConnectedServerVersion(), old))
	}
	if have.MaxMsgsPerSubject != 1 || have.Retention != want.Retention || have.Discard != want.Discard {
		return retry.Stop(fmt.Errorf("the stream %s isn't one of retrynats: delete or rename it", want.Name))
	}
	return nil
}

// temporary reports whether an error may be over soon: no answer, or a cluster that has no leader.
func temporary(nc *nats.Conn, err error) bool {
	var a *jetstream.APIError
	if silent(nc, err) || Forbidden(nc) != nil {
		return false
	}
	if errors.As(err, &a) {
		return a.Code == 503 && a.ErrorCode != jetstream.JSErrCodeJetStreamNotEnabled || a.Code == 408 || a.Code == 429
	}
	return !errors.Is(err, jetstream.ErrJetStreamNotEnabled) && !errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) &&
		!errors.Is(err, nats.ErrConnectionClosed) && !errors.Is(err, nats.ErrMaxPayload) && !errors.Is(err, jetstream.ErrStreamNotFound)
}

// silent reports whether a server that isn't in a cluster, and so isn't waiting for others, has no JetStream.
func silent(nc *nats.Conn, err error) bool {
	return errors.Is(err, nats.ErrNoResponders) && nc.IsConnected() && nc.ConnectedClusterName() == ""
}

func explain(nc *nats.Conn, err error) error {
	if silent(nc, err) || errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) {
		return fmt.Errorf("the server %s has no JetStream: start it with -js, or enable it for the account (%w)", nc.ConnectedServerName(), err)
	}
	if f := Forbidden(nc); f != nil {
		return errors.Join(f, err)
	}
	var a *jetstream.APIError
	if errors.As(err, &a) && (a.ErrorCode == noStorage || a.ErrorCode == noResources) {
		return fmt.Errorf("the server %s or the account has less room than MaxBytes, or none: raise its max_file_store or the account's limit, or lower MaxBytes (%w)", nc.ConnectedServerName(), err)
	}
	return err
}

// Codes of JetStream that the client has no names for.
const (
	noResources jetstream.ErrorCode = 10002 // of the account
	noStorage   jetstream.ErrorCode = 10047
)

// Forbidden returns an error if the server has refused something for want of a permission. It says so to the connection, and whoever
// waits for an answer hears nothing.
func Forbidden(nc *nats.Conn) error {
	err := nc.LastError()
	if !errors.Is(err, nats.ErrPermissionViolation) {
		return nil
	}
	return fmt.Errorf("the user of the connection lacks a permission: it needs to publish to retry.>, $JS.API.> and $JS.ACK.>, and to subscribe to retry.> and _INBOX.> (%w)", err)
}
