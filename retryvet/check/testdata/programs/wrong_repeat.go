package programs

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/callagain/retry"
)

// The body that an attempt reads is the caller's.
func post(ctx context.Context, c *http.Client, url string, body io.Reader) error {
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, body) // want `body is made outside of the attempt and read in it`
		if err != nil {
			return err
		}
		resp, err := c.Do(req)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	})
}

func gzipped(ctx context.Context, f *os.File, put func(context.Context, io.Reader) error) error {
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		return put(ctx, z) // want `z is made outside of the attempt and read in it`
	})
}

func records(ctx context.Context, text string, put func(context.Context, []string) error) error {
	r := csv.NewReader(strings.NewReader(text))
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		for {
			rec, err := r.Read() // want `r is made outside of the attempt and read in it`
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if err := put(ctx, rec); err != nil {
				return err
			}
		}
	})
}

func wrapped(ctx context.Context, data []byte, put func(context.Context, io.Reader) error) error {
	r := bytes.NewReader(data)
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		return put(ctx, io.TeeReader(r, io.Discard)) // want `r is made outside of the attempt and read in it`
	})
}

// The attempt has no context of its own, but a reader is as empty.
func inWrapper(ctx context.Context, body io.Reader) error {
	return with(ctx, func() error {
		_, err := io.ReadAll(body) // want `body is made outside of the attempt and read in it`
		return err
	})
}

func gather(ctx context.Context, urls []string, get func(context.Context, string) (string, error)) ([]string, error) {
	var all []string
	err := retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		for _, url := range urls {
			s, err := get(ctx, url)
			if err != nil {
				return fmt.Errorf("%s: %w", url, err)
			}
			all = append(all, s) // want `leaves what it has appended to all`
		}
		return nil
	})
	return all, err
}

// A field of the caller's is as well appended to.
func gatherField(ctx context.Context, urls []string, get func(context.Context, string) (string, error)) (*result, error) {
	res := &result{}
	err := retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		for _, url := range urls {
			s, err := get(ctx, url)
			if err != nil {
				return err
			}
			res.items = append(res.items, s) // want `leaves what it has appended to res.items`
		}
		return nil
	})
	return res, err
}

func stream(w http.ResponseWriter, r *http.Request) {
	err := retry.Do(r.Context(), retry.Policy{}, func(ctx context.Context) error {
		for i := range 10 {
			if _, err := fmt.Fprintln(w, i); err != nil { // want `has already written to w`
				return err
			}
		}
		return ctx.Err()
	})
	if err != nil {
		http.Error(w, "failed", http.StatusBadGateway)
	}
}

func encoded(w http.ResponseWriter, r *http.Request, load func(context.Context) (any, error)) error {
	return retry.Do(r.Context(), retry.Policy{}, func(ctx context.Context) error {
		v, err := load(ctx)
		if err != nil {
			return err
		}
		return json.NewEncoder(w).Encode(v) // want `has already written to w`
	})
}
