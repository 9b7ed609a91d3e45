package retryhttp

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/errtree"
)

// ErrTooLarge is the failure of an answer that is longer than may be read. It isn't retried.
var ErrTooLarge = errors.New("answer is too large")

const jsonSize = 32 << 20

// JSON decodes the body of an answer, for [Fetch]. What isn't JSON for a T won't be at another attempt, and is marked
// [retry.Stop]; what ends too early may be. A body of more than 32 MiB, as it is after decompression, is [ErrTooLarge]; see
// [JSONUpTo].
func JSON[T any](resp *http.Response) (T, error) {
	return decodeJSON[T](resp, jsonSize)
}

// JSONUpTo is [JSON] with another limit on the bytes of a body. If it isn't positive, every answer is [ErrTooLarge].
func JSONUpTo[T any](limit int64) func(*http.Response) (T, error) {
	return func(resp *http.Response) (T, error) { return decodeJSON[T](resp, limit) }
}

func decodeJSON[T any](resp *http.Response, limit int64) (T, error) {
	var v T
	body := &limitedReader{http.NoBody, limit}
	if resp.Body != nil {
		body.Reader = resp.Body
	}
	err := json.NewDecoder(body).Decode(&v)
	if err == nil {
		return v, nil
	}
	_, syntax := errtree.AsType[*json.SyntaxError](err)
	_, mismatch := errtree.AsType[*json.UnmarshalTypeError](err)
	switch {
	case body.left < 0:
		var none T
		return none, retry.Stop(fmt.Errorf("retryhttp: reading JSON: %w: more than %d bytes; JSONUpTo sets another limit", ErrTooLarge, limit))
	case syntax, mismatch, err == io.EOF && resp.ContentLength == 0:
		err = retry.Stop(err)
	}
	return v, err
}

// A limitedReader reads as many bytes as are left, and then fails; left is negative if there were more.
type limitedReader struct {
	io.Reader
	left int64
}

func (r *limitedReader) Read(p []byte) (int, error) {
	if r.left < 0 {
		return 0, ErrTooLarge
	}
	if int64(len(p)) > r.left {
		p = p[:r.left+1]
	}
	n, err := r.Reader.Read(p)
	if r.left -= int64(n); r.left < 0 {
		return n + int(r.left), ErrTooLarge
	}
	return n, err
}
