package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrynats/internal/record"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Errors of a Store.
var (
	ErrConflict = errConflict // the record isn't the one that the change was made to
	ErrUnknown  = errUnknown
	ErrClosed   = errClosed
	ErrNotFound = errors.New("no such call")
	ErrTooLarge = errors.New("the call is too large")
	ErrFull     = errors.New("no room for another call")
)

// The headers that say of a record what a list needs.
const (
	hState    = "Retry-State"
	hAttempts = "Retry-Attempts"
	hDue      = "Retry-Due"
	hVersion  = "Retry-Version"
)

// Format is how a time is written into a header: the client's own helper rounds to seconds, which is up to one too early.
const Format = time.RFC3339Nano

// Create stores a new call. It returns ErrConflict if there is one of its key.
func (s *Store) Create(ctx context.Context, r *record.Record) (uint64, error) {
	if err := s.room.check(ctx, s); err != nil {
		return 0, err
	}
	m, err := message(r, 0, 0)
	if err != nil {
		return 0, err
	}
	if len(m.Data) > maxRecord || int64(len(m.Data)) > s.nc.MaxPayload()*3/4 {
		return 0, fmt.Errorf("%w: its record has %d bytes, and %d are possible: store the argument elsewhere and pass its name", ErrTooLarge, len(m.Data), min(maxRecord, s.nc.MaxPayload()*3/4))
	}
	return s.settle(ctx, m, retry.Policy{Name: "retrynats: store a call", Within: 30 * time.Second, RetryIf: func(err error) bool { return errors.Is(err, errUnknown) && !errors.Is(err, errClosed) }})
}

// Change stores a record in the place of the one with the sequence rev. It goes on trying until ctx is over. ttl is how long the
// record is kept; 0 is for ever.
func (s *Store) Change(ctx context.Context, r *record.Record, rev uint64, ttl time.Duration) (uint64, error) {
	m, err := message(r, rev, ttl)
	if err != nil {
		return 0, err
	}
	return s.settle(ctx, m, retry.Policy{Name: "retrynats: store a record", RetryIf: func(err error) bool {
		return !errors.Is(err, errConflict) && !errors.Is(err, errClosed) && !errors.Is(err, nats.ErrMaxPayload) && !errors.Is(err, jetstream.ErrMsgNotFound) && !isTooLarge(err)
	}})
}

func isTooLarge(err error) bool {
	var a *jetstream.APIError
	return errors.As(err, &a) && a.ErrorCode == jetstream.JSErrCodeStreamMessageExceedsMaximum
}

// settle sends a message until it is known whether it was stored. An answer that was lost makes the next try a conflict with
// ourselves.
func (s *Store) settle(ctx context.Context, m *nats.Msg, p retry.Policy) (uint64, error) {
	p.Attempts = retry.Unlimited
	p.Backoff = retry.Exponential{Initial: 20 * time.Millisecond, Max: time.Second}
	lost := false
	return retry.Get(ctx, p, func(ctx context.Context) (uint64, error) {
		seq, err := s.send(ctx, m)
		if lost && errors.Is(err, errConflict) {
			have, e := s.last(ctx, m.Subject)
			if e == nil && string(have.Data) == string(m.Data) {
				return have.Sequence, nil
			}
			if e != nil && !errors.Is(e, ErrNotFound) {
				return 0, errors.Join(errUnknown, e)
			}
		}
		lost = lost || errors.Is(err, errUnknown)
		return seq, err
	})
}

func message(r *record.Record, rev uint64, ttl time.Duration) (*nats.Msg, error) {
	r.Version = record.Version
	b, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	m := &nats.Msg{Subject: record.Calls + record.ID(r.Function, r.Key), Data: b, Header: nats.Header{
		jetstream.ExpectedLastSubjSeqHeader: {strconv.FormatUint(rev, 10)},
		hVersion:                            {strconv.Itoa(r.Version)},
		hState:                              {r.State},
		hAttempts:                           {strconv.Itoa(r.Attempts)},
	}}
	if r.State == record.Waiting {
		m.Header[hDue] = []string{r.Due.UTC().Format(Format)}
	}
	if ttl > 0 {
		m.Header[jetstream.MsgTTLHeader] = []string{max(ttl, time.Second).Round(time.Second).String()}
	}
	return m, nil
}

// Load returns the record of a call and its sequence. The error is record.ErrNewer, beside the record, if a newer version wrote it.
func (s *Store) Load(ctx context.Context, id string) (*record.Record, uint64, error) {
	m, err := s.last(ctx, record.Calls+id)
	if err != nil {
		return nil, 0, err
	}
	r, err := record.Decode(id, m.Data)
	return r, m.Sequence, err
}

// last returns the message of a subject. With replicas it asks the leader, since another may not have heard of it yet.
func (s *Store) last(ctx context.Context, subject string) (*jetstream.RawStreamMsg, error) {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	if !s.safe {
		m, err := s.calls.GetLastMsgForSubject(ctx, subject)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			err = ErrNotFound
		}
		return m, err
	}
	q, err := json.Marshal(map[string]string{"last_by_subj": subject})
	if err != nil {
		return nil, err
	}
	a, err := s.nc.RequestWithContext(ctx, "$JS.API.STREAM.MSG.GET."+CallsStream, q)
	if err != nil {
		return nil, err
	}
	var got struct {
		Error   *jetstream.APIError `json:"error"`
		Message struct {
			Seq  uint64 `json:"seq"`
			Data []byte `json:"data"`
		} `json:"message"`
	}
	if err := json.Unmarshal(a.Data, &got); err != nil {
		return nil, err
	}
	if got.Error != nil {
		if got.Error.ErrorCode == jetstream.JSErrCodeMessageNotFound {
			return nil, ErrNotFound
		}
		return nil, got.Error
	}
	return &jetstream.RawStreamMsg{Subject: subject, Sequence: got.Message.Seq, Data: got.Message.Data}, nil
}

// Delete deletes the record with the sequence rev, unless it was changed.
func (s *Store) Delete(ctx context.Context, rev uint64) error {
	err := s.calls.DeleteMsg(ctx, rev)
	if errors.Is(err, jetstream.ErrMsgNotFound) || errors.Is(err, jetstream.ErrMsgDeleteUnsuccessful) {
		return ErrConflict
	}
	return err
}
