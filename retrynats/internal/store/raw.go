package store

import (
	"context"

	"github.com/callagain/retry/retrynats/internal/record"
	"github.com/nats-io/nats.go/jetstream"
)

// JS returns the JetStream that the streams are in.
func (s *Store) JS() jetstream.JetStream { return s.js }

// Raw returns a record as it is stored.
func (s *Store) Raw(ctx context.Context, id string) ([]byte, error) {
	m, err := s.last(ctx, record.Calls+id)
	if err != nil {
		return nil, err
	}
	return m.Data, nil
}

// DropWake deletes what wakes calls: all of it is made again from the records when the streams are next opened.
func (s *Store) DropWake(ctx context.Context) error { return s.js.DeleteStream(ctx, WakeStream) }
