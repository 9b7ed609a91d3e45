package retrygrpc

import (
	"context"
	"io"
	"sync"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/rpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
)

// maxKept is how much of what the caller sends is kept for another attempt: as much as grpc-go keeps for its own.
const maxKept = 256 << 10

// A stream is a call with streams. Until it is committed, its attempt may be replaced by another.
type stream struct {
	call
	policy retry.Policy
	open   opener
	opts   []grpc.CallOption
	many   bool  // the caller may send any number of messages
	single bool  // the server sends one message
	err    error // the end of the call, if the policy has ended it; for RecvMsg alone

	sending sync.Mutex // held while sending, so that a new attempt is sent first what the last one was

	mu        sync.Mutex // of all below; held for moments only
	at        *attempt
	committed bool
	sent      []any // by the caller, until committed
	size      int   // of sent
	closed    bool  // by the caller
}

func (c *client) stream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, streamer grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	s := &stream{at: new(attempt), opts: opts, many: desc.ClientStreams, single: !desc.ServerStreams}
	s.open = func(ctx context.Context, opts []grpc.CallOption) (grpc.ClientStream, error) {
		return streamer(ctx, desc, cc, method, opts...)
	}
	s.call, s.policy = c.newCall(ctx, method, cc, opts)
	ctx = s.ctx
	if p := s.policy; p.Timeout > 0 || p.Within > 0 || p.Around != nil {
		ctx, s.at.Cancel = context.WithCancel(ctx)
	}
	s.at.begin(ctx, s.open, opts)
	return s, nil
}

// SendMsg sends a message. If the attempt has failed, the message waits for the next one.
func (s *stream) SendMsg(m any) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	a, over := s.keep(m)
	var err error = io.EOF
	if !over {
		err = a.SendMsg(m)
	}
	if err == io.EOF && !s.isCommitted() {
		return nil // RecvMsg finds out why, and sends it again
	}
	return err
}

// keep keeps m if it may have to be sent again.
func (s *stream) keep(m any) (a *attempt, over bool) {
	size := 0
	if s.many {
		size = maxKept / 64 // of who knows what
		if m, ok := m.(proto.Message); ok {
			size = proto.Size(m)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.committed {
		s.sent = append(s.sent, m)
		if s.size += size; s.size > maxKept {
			s.committed, s.sent = true, nil
		}
	}
	return s.at, s.at.over
}

// CloseSend says that there are no more messages.
func (s *stream) CloseSend() error {
	s.sending.Lock()
	defer s.sending.Unlock()
	s.mu.Lock()
	s.closed = true
	a, over := s.at, s.at.over
	s.mu.Unlock()
	if over {
		return nil
	}
	return a.CloseSend()
}

// RecvMsg receives a message. To receive the first one, it retries.
func (s *stream) RecvMsg(m any) error {
	if s.err != nil {
		return s.err
	}
	if !s.isCommitted() {
		return s.first(m)
	}
	a := s.current()
	if a.ClientStream == nil {
		return a.err
	}
	err := a.RecvMsg(m)
	if err != nil {
		a.End()
	}
	return err
}

// first receives the first message.
func (s *stream) first(m any) error {
	var eof, tried bool
	err := retry.Do(s.ctx, s.policy, func(ctx context.Context) error {
		a := s.current()
		if tried {
			a = &attempt{Span: rpc.NewSpan(ctx, s.ctx)}
		}
		err := a.Limit(ctx, s.ctx, late, func() error {
			if tried {
				s.again(a)
			}
			if a.err != nil {
				return a.err
			}
			return a.RecvMsg(m)
		})
		tried = true
		if eof = err == io.EOF; err == nil || eof {
			if eof || s.single {
				a.End()
			}
			s.commit(a)
			return nil
		}
		if committed := s.failedAttempt(a); committed {
			s.marked, s.raw = retry.Stop(err), err
			return s.marked
		}
		return s.failed(ctx, err, &a.probe)
	})
	switch {
	case err != nil:
		s.commit(s.current())
		s.err = s.end(err)
		return s.err
	case eof:
		return io.EOF
	}
	return nil
}

// again begins another attempt, and sends it what the caller has sent so far.
func (s *stream) again(a *attempt) {
	s.sending.Lock()
	defer s.sending.Unlock()
	a.begin(outgoing(a.Ctx, retry.Attempt(a.Ctx)), s.open, s.opts)
	s.mu.Lock()
	s.at = a
	sent, closed := s.sent, s.closed
	s.mu.Unlock()
	if a.err != nil {
		return
	}
	for _, m := range sent {
		if a.SendMsg(m) != nil {
			return // RecvMsg says why
		}
	}
	if closed {
		a.CloseSend()
	}
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
	a.End()
	s.mu.Lock()
	defer s.mu.Unlock()
	a.over = true
	return s.committed
}

// Header waits for the headers. A call whose headers were seen isn't retried.
func (s *stream) Header() (metadata.MD, error) {
	a := s.current()
	if a.ClientStream == nil {
		return nil, nil // which means that RecvMsg knows more
	}
	md, err := a.Header()
	if md != nil {
		s.commit(a)
	}
	return md, err
}

// Trailer returns the trailer of the latest attempt.
func (s *stream) Trailer() metadata.MD {
	if a := s.current(); a.ClientStream != nil {
		return a.Trailer()
	}
	return nil
}

// Context returns the context of the stream. As with grpc-go's own retries, there are none after that.
func (s *stream) Context() context.Context {
	a := s.current()
	s.commit(a)
	if a.ClientStream != nil {
		return a.Context()
	}
	return s.ctx
}
