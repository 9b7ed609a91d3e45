package store

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// A synced message costs an fsync of 0.2 ms and an atomic batch 3 ms, whatever its size. So a few writes go one by one, and what
// has gathered beyond that goes as one batch.
const (
	batchFrom  = 12
	batchMost  = 1000 // the server's limit
	batchBytes = 8 << 20
)

// Errors of a write.
var (
	errConflict = errors.New("the record was changed meanwhile")
	errUnknown  = errors.New("no answer from JetStream: it isn't known whether the record was stored")
	errClosed   = errors.New("the engine is closed")
)

type write struct {
	msg  *nats.Msg
	done chan struct{}
	seq  uint64
	err  error
}

func (w *write) end(seq uint64, err error) {
	w.seq, w.err = seq, err
	close(w.done)
}

// send stores a message and returns its sequence.
func (s *Store) send(ctx context.Context, m *nats.Msg) (uint64, error) {
	w := &write{msg: m, done: make(chan struct{})}
	select {
	case s.put <- w:
	case <-s.life.Done():
		return 0, errClosed
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
	select {
	case <-w.done:
		return w.seq, w.err
	case <-s.life.Done():
		return 0, errors.Join(errUnknown, errClosed)
	case <-ctx.Done():
		return 0, errors.Join(errUnknown, context.Cause(ctx))
	}
}

// commit stores what is sent, until the store is closed.
func (s *Store) commit() {
	for {
		var ws []*write
		select {
		case w := <-s.put:
			ws = append(ws, w)
		case <-s.life.Done():
			return
		}
		for size := len(ws[0].msg.Data); len(ws) < batchMost && size < batchBytes; {
			select {
			case w := <-s.put:
				ws = append(ws, w)
				size += len(w.msg.Data)
				continue
			default:
			}
			break
		}
		// One refused member refuses the whole batch: then one by one, which finds it.
		if len(ws) < batchFrom || !s.batch(ws) {
			s.single(ws)
		}
	}
}

func (s *Store) single(ws []*write) {
	acks := make([]jetstream.PubAckFuture, len(ws))
	for i, w := range ws {
		// Without a wait for the stall, one of 200 ms would be an error.
		f, err := s.js.PublishMsgAsync(w.msg, jetstream.WithStallWait(10*time.Second), jetstream.WithRetryAttempts(0))
		if err != nil {
			w.end(0, outcome(err))
			continue
		}
		acks[i] = f
	}
	for i, f := range acks {
		if f == nil {
			continue
		}
		select {
		case a := <-f.Ok():
			ws[i].end(a.Sequence, nil)
		case err := <-f.Err():
			ws[i].end(0, outcome(err))
		}
	}
}

// batch stores all as one atomic batch, for which the client has no call yet. It reports whether that is settled: whether they
// were stored, or it isn't known. Nothing is stored of a batch that was refused.
func (s *Store) batch(ws []*write) bool {
	subjects := make(map[string]bool, len(ws))
	for _, w := range ws {
		subjects[w.msg.Subject] = true
	}
	if len(subjects) < len(ws) {
		return false // two changes of one record can't be in a batch
	}
	id := nuid.Next()
	for i, w := range ws {
		m := &nats.Msg{Subject: w.msg.Subject, Data: w.msg.Data, Header: nats.Header{"Nats-Batch-Id": {id}, "Nats-Batch-Sequence": {strconv.Itoa(i + 1)}}}
		for k, v := range w.msg.Header {
			m.Header[k] = v
		}
		if i < len(ws)-1 {
			if s.nc.PublishMsg(m) != nil {
				return false // without its last message it is dropped
			}
			continue
		}
		m.Header["Nats-Batch-Commit"] = []string{"1"}
		r, err := s.nc.RequestMsg(m, answer)
		if err != nil {
			for _, w := range ws {
				w.end(0, errors.Join(errUnknown, err))
			}
			return true
		}
		var ack struct {
			Error *jetstream.APIError `json:"error"`
			Seq   uint64              `json:"seq"`
			Count int                 `json:"count"`
		}
		if json.Unmarshal(r.Data, &ack) != nil || ack.Error != nil || ack.Count != len(ws) {
			return false
		}
		for i, w := range ws {
			w.end(ack.Seq-uint64(len(ws)-1-i), nil)
		}
	}
	return true
}

// outcome says what an error of a publish means for the record.
func outcome(err error) error {
	var a *jetstream.APIError
	switch {
	case errors.As(err, &a) && (a.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || a.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant):
		return errConflict
	case errors.As(err, &a), errors.Is(err, nats.ErrMaxPayload):
		return err
	}
	return errors.Join(errUnknown, err)
}
