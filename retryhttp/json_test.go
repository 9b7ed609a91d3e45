package retryhttp_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/callagain/retry/internal/errtree/errtreetest"
	"github.com/callagain/retry/retryhttp"
)

// JSON that is wrong stays so.
func TestJSON(t *testing.T) {
	for body, want := range map[string]int32{`{"a": 1}`: 1, `<html>`: 1, `{"a": "one"}`: 1, `{"a": `: 3, ``: 1} {
		var requests atomic.Int32
		u := handling(t, func(w http.ResponseWriter, r *http.Request) {
			requests.Add(1)
			io.WriteString(w, body)
		})
		_, err := retryhttp.Fetch(&http.Client{Transport: transport(t, three)}, request(t, "GET", u, nil), retryhttp.JSON[map[string]int])
		if n := requests.Load(); n != want || (err == nil) != json.Valid([]byte(body)) && body != `{"a": "one"}` {
			t.Errorf("%q: %d requests, want %d (%v)", body, n, want, err)
		}
	}
}

// endless can't be decoded, for a reason without an end.
type endless struct{}

func (*endless) UnmarshalJSON([]byte) error { return new(errtreetest.Itself) }

func TestJSONThatFailsWithoutAnEnd(t *testing.T) {
	u := handling(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "{}") })
	_, err := retryhttp.Fetch(&http.Client{Transport: transport(t, three)}, request(t, "GET", u, nil), retryhttp.JSON[endless])
	if err == nil {
		t.Error("no error")
	}
}

// zeros is an array of zeros that ends after so many bytes, or is cut off there.
func zeros(w io.Writer, size int, whole bool) {
	io.WriteString(w, "[0")
	for chunk := strings.Repeat(",0", 1<<15); size > 0; size -= len(chunk) {
		if _, err := io.WriteString(w, chunk[:min(size, len(chunk))]); err != nil {
			return
		}
	}
	if whole {
		io.WriteString(w, "]")
	}
}

// An answer that is too large, as it is after decompression, is read up to the limit and asked for once; whether it would have been
// whole is not found out.
func TestJSONIsLimited(t *testing.T) {
	for name, row := range map[string]struct {
		decode func(*http.Response) (json.RawMessage, error)
		limit  int
		whole  bool
	}{
		"default":     {retryhttp.JSON[json.RawMessage], 32 << 20, false},
		"smaller":     {retryhttp.JSONUpTo[json.RawMessage](1 << 20), 1 << 20, true},
		"smaller_cut": {retryhttp.JSONUpTo[json.RawMessage](1 << 20), 1 << 20, false},
	} {
		if raceEnabled && row.limit > 1<<20 {
			continue // takes a minute, and has no other goroutines than the rest
		}
		var requests atomic.Int32
		u := handling(t, func(w http.ResponseWriter, r *http.Request) {
			requests.Add(1)
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			zeros(z, row.limit*5/4, row.whole) // a thousandth of that as it is sent
			z.Close()
		})
		v, err := retryhttp.Fetch(&http.Client{Transport: transport(t, three)}, request(t, "GET", u, nil), row.decode)
		if n := requests.Load(); !errors.Is(err, retryhttp.ErrTooLarge) || n != 1 || v != nil {
			t.Errorf("%s: %d requests, %d bytes (%v)", name, n, len(v), err)
		}
	}
}

// The limit is what may be read: so many bytes are decoded, and one more is too many.
func TestJSONUpTo(t *testing.T) {
	const body = `{"a": 1}`
	var requests atomic.Int32
	u := handling(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		io.WriteString(w, body)
	})
	for limit, fits := range map[int64]bool{-1: false, 0: false, 1: false, int64(len(body)) - 1: false, int64(len(body)): true, math.MaxInt64: true} {
		requests.Store(0)
		v, err := retryhttp.Fetch(&http.Client{Transport: transport(t, three)}, request(t, "GET", u, nil), retryhttp.JSONUpTo[map[string]int](limit))
		if fits != (err == nil && v["a"] == 1) || !fits && !errors.Is(err, retryhttp.ErrTooLarge) || requests.Load() != 1 {
			t.Errorf("limit %d: %v, %v after %d requests", limit, v, err, requests.Load())
		}
	}
}
