package retryconnect

import (
	"context"
	"io"
	"net/http"
	"sync"

	"connectrpc.com/connect"
	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/errtree"
	"github.com/callagain/retry/internal/rpc"
	"google.golang.org/protobuf/proto"
)

// maxKept is how much of what the caller sends is kept for another attempt: as much as grpc-go keeps for its own.
const maxKept = 256 << 10

// A stream is a call with streams. Until it is committed, its attempt may be replaced by another.
type stream struct {
	call
	policy retry.Policy
	open   connect.StreamingClientFunc
	err    error // the end of the call, if the policy has ended it; for Receive alone

	sending sync.Mutex // held while sending, so that a new attempt is sent first what the last one was

	mu        sync.Mutex // of all below; held for moments only
	at        *attempt
	committed bool
	sent      []any // by the caller, until committed
	size      int   // of sent
	closed    bool  // by the caller
}

// one reports whether there is one message to send: then connect-go sends it with the request, and waits for the answer.
func (s *stream) one() bool { return s.spec.StreamType&connect.StreamTypeClient == 0 }

// WrapStreamingClient is part of [connect.Interceptor].
func (i *interceptor) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return func(ctx context.Context, spec connect.Spec) connect.StreamingClientConn {
		s := &stream{open: next, at: new(attempt)}
		inner := ctx
		if p := i.policyOf(ctx); p.Timeout > 0 || p.Within > 0 || p.Around != nil {
			inner, s.at.Cancel = context.WithCancel(ctx)
			if spec.StreamType&connect.StreamTypeClient == 0 {
				s.at.failure = make(chan error, 1)
			}
		}
		s.at.StreamingClientConn = next(inner, spec)
		s.call, s.policy = i.newCall(ctx, spec, s.at.Peer())
		return s
	}
}

func (s *stream) Spec() connect.Spec         { return s.spec }
func (s *stream) Peer() connect.Peer         { return s.current().Peer() }
func (s *stream) RequestHeader() http.Header { return s.current().RequestHeader() }

// Send sends a message. If the attempt has failed, the message waits for the next one.
func (s *stream) Send(m any) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	a, over := s.keep(m)
	if a.failure != nil && !s.isCommitted() {
		return nil // CloseRequest sends it: the wait for the answer must be limited
	}
	var err error = io.EOF
	if !over {
		err = a.Send(m)
	}
	if errtree.Is(err, io.EOF) && !s.isCommitted() {
		return nil // Receive finds out why, and sends it again
	}
	return err
}

// keep keeps a copy of m if it may have to be sent again: the caller may use m for the next message.
func (s *stream) keep(m any) (a *attempt, over bool) {
	p, ok := m.(proto.Message)
	size := 0
	if ok && !s.one() {
		size = proto.Size(p)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.committed {
		return s.at, s.at.over
	}
	s.size += size
	switch {
	case m == nil: // to send the headers
		s.sent = append(s.sent, nil)
	case ok && s.size <= maxKept:
		s.sent = append(s.sent, proto.Clone(p))
	default:
		s.committed, s.sent = true, nil
	}
	return s.at, s.at.over
}

// CloseRequest says that there are no more messages.
func (s *stream) CloseRequest() error {
	s.sending.Lock()
	defer s.sending.Unlock()
	s.mu.Lock()
	again := s.closed
	s.closed = true
	a, over, sent := s.at, s.at.over, s.sent
	s.mu.Unlock()
	switch {
	case over:
		return nil
	case a.failure != nil && len(sent) > 0:
		if again {
			return nil
		}
		go func() {
			err := a.Send(sent[0])
			a.CloseRequest()
			a.failure <- err
		}()
		return nil
	}
	return a.CloseRequest()
}

// Receive receives a message. To receive the first one, it retries.
func (s *stream) Receive(m any) error {
	if s.err != nil {
		return s.err
	}
	if !s.isCommitted() {
		return s.first(m)
	}
	return s.current().Receive(m)
}

// first receives the first message.
func (s *stream) first(m any) error {
	var end error // of the stream, if it ended well without a message
	tried := false
	err := retry.Do(s.ctx, s.policy, func(ctx context.Context) error {
		a := s.current()
		if tried {
			a = &attempt{Span: rpc.NewSpan(ctx, s.ctx)}
		}
		err := a.Limit(ctx, s.ctx, late, func() error {
			if tried {
				s.again(a)
			}
			return a.receive(m)
		})
		tried, end = true, nil
		if err == nil || errtree.Is(err, io.EOF) {
			end = err
			s.commit(a)
			return nil
		}
		if committed := s.failedAttempt(a); committed {
			s.marked, s.raw = retry.Stop(err), err
			return s.marked
		}
		return s.failed(ctx, a.RequestHeader(), err)
	})
	if err != nil {
		s.commit(s.current())
		s.err = s.end(err)
		return s.err
	}
	return end
}

// again begins another attempt, and sends it what the caller has sent so far.
func (s *stream) again(a *attempt) {
	s.sending.Lock()
	defer s.sending.Unlock()
	a.begin(s.open, s.spec, s.current().RequestHeader())
	s.mu.Lock()
	s.at = a
	sent, closed := s.sent, s.closed
	s.mu.Unlock()
	a.resend(sent, closed)
}

func (s *stream) current() *attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

func (s *stream) isCommitted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.committed
}

// commit makes a the last attempt, unless it has been replaced.
func (s *stream) commit(a *attempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a == s.at {
		s.committed, s.sent = true, nil
	}
}

// failedAttempt notes that a has failed, and reports whether it was the last.
func (s *stream) failedAttempt(a *attempt) (committed bool) {
	s.mu.Lock()
	a.over = true
	committed = s.committed
	s.mu.Unlock()
	if !committed {
		a.CloseRequest()
		a.CloseResponse()
	}
	a.End()
	return committed
}

// ResponseHeader waits for the headers. A call whose headers were seen isn't retried.
func (s *stream) ResponseHeader() http.Header {
	a := s.current()
	h := a.ResponseHeader()
	if len(h) > 0 {
		s.commit(a)
	}
	return h
}

func (s *stream) ResponseTrailer() http.Header { return s.current().ResponseTrailer() }

// CloseResponse ends the call.
func (s *stream) CloseResponse() error {
	a := s.current()
	s.commit(a)
	defer a.End()
	return a.CloseResponse()
}
