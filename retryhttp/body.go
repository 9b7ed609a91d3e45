package retryhttp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/callagain/retry"
)

// A source makes the body of each attempt.
type source struct {
	first unread                        // the caller's own, until it was sent
	again func() (io.ReadCloser, error) // nil if it can't be made twice
	none  bool                          // there is no body
}

func newSource(req *http.Request) source {
	if req.Body == nil || req.Body == http.NoBody {
		return source{none: true}
	}
	return source{first: unread{body: req.Body}, again: req.GetBody}
}

// bufferWithin buffers a body within the time of a call by p, which has less of it afterwards.
func (s *source) bufferWithin(ctx context.Context, limit int64, p *retry.Policy) error {
	if limit <= 0 || s.none || s.again != nil {
		return nil
	}
	if p.Within > 0 {
		began := time.Now()
		limited, cancel := context.WithTimeoutCause(ctx, p.Within, &timeout{p.Within, retry.ErrTooLate})
		defer cancel()
		defer func() { p.Within = max(p.Within-time.Since(began), 1) }()
		ctx = limited
	}
	if err := s.buffer(ctx, limit); err != nil {
		return redacted{fmt.Errorf("retryhttp: buffering the request's body: %w", err)}
	}
	return nil
}

// buffer reads up to limit bytes of a body that can't be made twice otherwise, so that it can. A longer body is sent once. It
// ends with ctx, even if the body doesn't. If it fails, the body is closed.
func (s *source) buffer(ctx context.Context, limit int64) error {
	body := s.first.body
	r := &stoppable{Reader: body}
	read := aside(func() head { return readHead(r, limit) })
	var h head
	select {
	case got := <-read:
		if h = got.value; !got.ok {
			h.err = errors.New("the body's Read ended its goroutine")
		}
		if got.panicked != nil {
			s.close()
			panic(got.panicked)
		}
	case <-ctx.Done():
		r.stopped.Store(true)
		s.close() // which is what ends a Read, if anything does
		return context.Cause(ctx)
	}
	switch {
	case h.err != nil:
		s.close()
		return h.err
	case h.more:
		s.first.body = readCloser{io.MultiReader(bytes.NewReader(h.bytes), body), body}
		return nil
	}
	s.again = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(h.bytes)), nil }
	s.first = unread{closed: true}
	return body.Close()
}

// A head is the beginning of a body.
type head struct {
	bytes []byte
	more  bool // or there may be
	err   error
}

func readHead(body io.Reader, limit int64) (h head) {
	h.bytes, h.err = io.ReadAll(io.LimitReader(body, limit))
	if h.err == nil && int64(len(h.bytes)) == limit {
		var next [1]byte
		n, err := io.ReadFull(body, next[:])
		h.bytes = append(h.bytes, next[:n]...)
		h.more = n > 0
		if err != nil && err != io.EOF {
			h.err = err
		}
	}
	return h
}

// repeatable reports whether another attempt could have a body.
func (s *source) repeatable() bool {
	return s.none || s.again != nil || s.first.intact()
}

// takeAsItIs takes the caller's body for an attempt that sends the caller's own request, and reports whether it can.
func (s *source) takeAsItIs() bool {
	return s.none || s.again != nil && s.first.take() != nil
}

// next returns the body of the next attempt; there must be one.
func (s *source) next() (io.ReadCloser, error) {
	if s.again == nil {
		return s.first.lend(), nil
	}
	if body := s.first.take(); body != nil {
		return body, nil
	}
	return s.again()
}

// errAgain is the failure to make the body of another attempt.
func errAgain(err error) error {
	return redacted{fmt.Errorf("retryhttp: making the request's body again: %w", err)}
}

// close closes the caller's body, unless an attempt has it, and will.
func (s *source) close() {
	if !s.none {
		s.first.finish()
	}
}

type readCloser struct {
	io.Reader
	io.Closer
}

// An unread is a body that can't be made twice, but sent once more for as long as nothing of it was read: closing it, as
// every attempt does, closes the body only if something was.
type unread struct {
	mu     sync.Mutex
	body   io.ReadCloser
	begun  bool // something was read, or may have been
	closed bool // or somebody else closes it
	final  bool // no attempt follows
	lent   *loan
}

// A loan is the body of one attempt.
type loan struct{ of *unread }

var errReturned = errors.New("retryhttp: read of a request's body after it was closed")

// take returns the body, for an attempt that closes it as usual; nil if it's gone.
func (u *unread) take() io.ReadCloser {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		return nil
	}
	u.closed = true
	return u.body
}

func (u *unread) lend() io.ReadCloser {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.lent = &loan{u}
	return u.lent
}

// intact reports whether the body can be sent by another attempt: the last one has closed it unread.
func (u *unread) intact() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return !u.begun && !u.closed && u.lent == nil
}

// finish says that no attempt follows.
func (u *unread) finish() {
	u.mu.Lock()
	last := !u.closed && u.lent == nil
	u.closed = u.closed || last
	u.final = true
	u.mu.Unlock()
	if last {
		u.body.Close()
	}
}

func (l *loan) Read(p []byte) (int, error) {
	u := l.of
	u.mu.Lock()
	mine := u.lent == l
	u.begun = u.begun || mine
	u.mu.Unlock()
	if !mine {
		return 0, errReturned
	}
	return u.body.Read(p)
}

func (l *loan) Close() error {
	u := l.of
	u.mu.Lock()
	mine := u.lent == l
	really := mine && (u.begun || u.final)
	if mine {
		u.lent = nil
		u.closed = really
	}
	u.mu.Unlock()
	if really {
		return u.body.Close()
	}
	return nil
}
