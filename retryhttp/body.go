package retryhttp

import (
	"bytes"
	"io"
	"net/http"
	"time"
)

const (
	drainSize = 64 << 10               // of a discarded body: reading that is cheaper than a new connection
	drainTime = 250 * time.Millisecond // for reading it
)

// closeAfter reads what's left of a response's body, so that its connection can be used again,
// and closes it. It returns the first keep bytes. A body that goes on for too long, in bytes or
// in time, is closed as it is, which costs the connection.
func closeAfter(body io.ReadCloser, keep int64) []byte {
	if body == nil || body == http.NoBody {
		return nil
	}
	// Closing is what net/http has for ending a Read from outside.
	late := time.AfterFunc(drainTime, func() { body.Close() })
	defer body.Close()
	defer late.Stop()
	var piece []byte
	if keep > 0 {
		piece, _ = io.ReadAll(io.LimitReader(body, keep))
	}
	io.CopyN(io.Discard, body, drainSize)
	return piece
}

// A source makes the body of each attempt.
type source struct {
	first io.ReadCloser                 // until it is sent or closed
	again func() (io.ReadCloser, error) // nil if it can't be sent twice
	none  bool                          // there is no body
	own   bool                          // first isn't the caller's own
}

// newSource looks at the body of a request, and buffers up to limit bytes of one that can't be
// sent twice otherwise. If that fails, the body is closed.
func newSource(req *http.Request, limit int64) (source, error) {
	switch {
	case req.Body == nil || req.Body == http.NoBody:
		return source{none: true}, nil
	case req.GetBody != nil || limit <= 0:
		return source{first: req.Body, again: req.GetBody}, nil
	}
	head, err := io.ReadAll(io.LimitReader(req.Body, limit+1))
	if err != nil {
		req.Body.Close()
		return source{}, err
	}
	if int64(len(head)) > limit {
		whole := io.MultiReader(bytes.NewReader(head), req.Body)
		return source{first: readCloser{whole, req.Body}, own: true}, nil
	}
	if err := req.Body.Close(); err != nil {
		return source{}, err
	}
	again := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(head)), nil }
	first, _ := again()
	return source{first: first, again: again, own: true}, nil
}

// repeatable reports whether another attempt could have a body.
func (s *source) repeatable() bool { return s.none || s.again != nil }

// next returns the body of the next attempt; there must be one.
func (s *source) next() (io.ReadCloser, error) {
	if first := s.first; first != nil {
		s.first = nil
		return first, nil
	}
	return s.again()
}

// close closes a body that no attempt was made with.
func (s *source) close() {
	if s.first != nil {
		s.first.Close()
		s.first = nil
	}
}

type readCloser struct {
	io.Reader
	io.Closer
}
