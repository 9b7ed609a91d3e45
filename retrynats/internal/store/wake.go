package store

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrynats/internal/record"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const hRevision = "Retry-Revision"

// Tick publishes what wakes a call: a schedule, or a tick if it is due. A tick is a hint: whoever gets it looks at the record. A server
// whose clock is known to be ahead of ours is told the time by its own: it would send the tick too early, again and again.
func (s *Store) Tick(r *record.Record, rev uint64, ahead time.Duration) (jetstream.PubAckFuture, error) {
	id := record.ID(r.Function, r.Key)
	m := &nats.Msg{Subject: record.Ready + id, Header: nats.Header{hRevision: {strconv.FormatUint(rev, 10)}}}
	if b, err := json.Marshal(r); err == nil && len(b) <= maxTick {
		m.Data = b // so that a worker needn't read it
	}
	if r.State == record.Waiting && time.Until(r.Due) > 0 {
		m.Subject = schedule(id, rev)
		m.Header["Nats-Schedule"] = []string{"@at " + r.Due.Add(ahead).UTC().Format(Format)}
		m.Header["Nats-Schedule-Target"] = []string{record.Ready + id}
	}
	return s.js.PublishMsgAsync(m, jetstream.WithStallWait(10*time.Second), jetstream.WithRetryAttempts(0))
}

// schedule returns the subject of the schedule of a revision. They differ, since the server removes a schedule that has fired by its
// subject, some time later: that would remove the next one of the call as well.
func schedule(id string, rev uint64) string {
	return record.Schedules + id + "." + strconv.FormatUint(rev, 10)
}

// Wake publishes what wakes a call until that is acknowledged, or ctx is over.
func (s *Store) Wake(ctx context.Context, r *record.Record, rev uint64, ahead time.Duration) error {
	p := retry.Policy{Name: "retrynats: wake a call", Attempts: retry.Unlimited, Backoff: retry.Exponential{Initial: 50 * time.Millisecond, Max: 2 * time.Second}}
	return retry.Do(ctx, p, func(ctx context.Context) error {
		f, err := s.Tick(r, rev, ahead)
		if err != nil {
			return err
		}
		select {
		case <-f.Ok():
			return nil
		case err := <-f.Err():
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}

// Ticked returns the record that a tick carries and its revision. Without a record, the truth is to be read.
func Ticked(m jetstream.Msg) (id string, r *record.Record, rev uint64, err error) {
	id = m.Subject()[len(record.Ready):]
	rev, _ = strconv.ParseUint(m.Headers().Get(hRevision), 10, 64)
	if len(m.Data()) == 0 || rev == 0 {
		return id, nil, 0, nil
	}
	if r, err = record.Decode(id, m.Data()); err != nil && !errors.Is(err, record.ErrNewer) {
		return id, nil, 0, nil // not one of ours
	}
	return id, r, rev, err
}

// Consumer returns the consumer of a function's ticks. One for each function keeps a function whose calls pile up from standing in
// the way of the others, and its limit exact.
func (s *Store) Consumer(ctx context.Context, function string, lease time.Duration) (jetstream.Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	name := record.Consumer(function)
	// Not CreateOrUpdate: an update blocks for long while a cluster elects a leader.
	c, err := s.wake.Consumer(ctx, name)
	if !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return c, err
	}
	return s.wake.CreateConsumer(ctx, jetstream.ConsumerConfig{Durable: name, FilterSubject: record.Ready + function + ".*", AckPolicy: jetstream.AckExplicitPolicy,
		AckWait: lease, MaxAckPending: 20000, MaxDeliver: -1, MaxWaiting: 2048})
}

// Forget deletes the consumers, so that they are made anew. What isn't synced of a stream is lost by a crash, while a consumer's
// state is ahead of it: new ticks get the sequences of those that were lost, and would never be delivered.
func (s *Store) Forget(ctx context.Context) error {
	l := s.wake.ConsumerNames(ctx)
	for name := range l.Name() {
		if err := s.wake.DeleteConsumer(ctx, name); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
			return err
		}
	}
	return l.Err()
}

// DropAhead deletes the consumers that have seen more than there is of the stream; see Forget.
func (s *Store) DropAhead(ctx context.Context) (n int, err error) {
	l := s.wake.ListConsumers(ctx)
	seen := map[string]uint64{}
	for c := range l.Info() {
		seen[c.Name] = c.Delivered.Stream
	}
	i, err := s.wake.Info(ctx) // later than the consumers, so that none is ahead for that reason
	if err != nil {
		return 0, err
	}
	for name, seq := range seen {
		if seq > i.State.LastSeq && s.wake.DeleteConsumer(ctx, name) == nil {
			n++
		}
	}
	return n, l.Err()
}

// Unschedule removes what would wake a call. It is only a saving: a call that is woken in vain is left alone.
func (s *Store) Unschedule(ctx context.Context, id string) error {
	return s.wake.Purge(ctx, jetstream.WithPurgeSubject(record.Schedules+id+".*"))
}

// Beat adds a schedule that makes the server look at its clock every five seconds. Its timer is a monotonic one, and armed for the next schedule
// of all: one that was armed while the clock was behind, or before the machine was suspended, would ring too late, and a schedule that comes
// later doesn't change that. It is by the server's own clock, which may not be ours, and ends when nobody beats.
func (s *Store) Beat() {
	m := &nats.Msg{Subject: record.Schedules + "beat", Header: nats.Header{
		"Nats-Schedule":        {"@every 5s"},
		"Nats-Schedule-Target": {record.Ready + "beat"},
		jetstream.MsgTTLHeader: {"1m"}}}
	s.nc.PublishMsg(m)
}
