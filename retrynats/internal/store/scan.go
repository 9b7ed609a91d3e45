package store

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/callagain/retry/retrynats/internal/record"
	"github.com/nats-io/nats.go/jetstream"
)

// patience is how long a scan waits for a record until it looks whether there is one.
const patience = time.Second

// A Head is what the headers say of a record.
type Head struct {
	ID       string
	Seq      uint64
	Stored   time.Time
	State    string
	Attempts int
	Due      time.Time
	Data     []byte // the record, if it was asked for
}

// Scan calls yield with each call of a function, or of all if it is "", in the order in which they last changed, until yield returns
// false. Calls that change meanwhile may come twice or not at all.
func (s *Store) Scan(ctx context.Context, function string, data bool, yield func(Head) bool) error {
	filter := record.Calls + ">"
	if function != "" {
		filter = record.Calls + function + ".*"
	}
	i, err := s.calls.Info(ctx)
	if err != nil {
		return err
	}
	c, err := s.js.OrderedConsumer(ctx, CallsStream, jetstream.OrderedConsumerConfig{FilterSubjects: []string{filter}, HeadersOnly: !data})
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		s.js.DeleteConsumer(ctx, CallsStream, c.CachedInfo().Name)
	}()
	if c.CachedInfo().NumPending == 0 {
		return nil
	}
	most := 4096
	if data {
		most = 256 // they may be large
	}
	it, err := c.Messages(jetstream.PullMaxMessages(most))
	if err != nil {
		return err
	}
	defer it.Stop()
	for {
		soon, cancel := context.WithTimeout(ctx, patience)
		m, err := it.Next(jetstream.NextContext(soon))
		late := soon.Err() != nil && err != nil
		cancel()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if late {
			// What was to come may have been deleted meanwhile.
			if i, err := c.Info(ctx); err != nil || i.NumPending == 0 {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		d, err := m.Metadata()
		if err != nil {
			return err
		}
		h := m.Headers()
		head := Head{ID: m.Subject()[len(record.Calls):], Seq: d.Sequence.Stream, Stored: d.Timestamp, State: h.Get(hState), Data: m.Data()}
		head.Attempts, _ = strconv.Atoi(h.Get(hAttempts))
		head.Due, _ = time.Parse(Format, h.Get(hDue))
		if !yield(head) || d.NumPending == 0 || d.Sequence.Stream >= i.State.LastSeq {
			return nil
		}
	}
}

// Woken returns the calls that a schedule or a tick stands for.
func (s *Store) Woken(ctx context.Context) (map[string]bool, error) {
	i, err := s.wake.Info(ctx, jetstream.WithSubjectFilter("retry.>"))
	if err != nil {
		return nil, err
	}
	ids := make(map[string]bool, len(i.State.Subjects))
	for subject := range i.State.Subjects {
		id := subject[len(record.Ready):]
		if strings.HasPrefix(subject, record.Schedules) {
			id = id[:max(0, strings.LastIndexByte(id, '.'))] // without the revision
		}
		ids[id] = true
	}
	return ids, nil
}
