package repeat

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/callagain/retry"
)

var p retry.Policy

func upload(ctx context.Context, r io.Reader) error    { return nil }
func uploadFile(ctx context.Context, f *os.File) error { return nil }
func fetch(ctx context.Context) (string, error)        { return "", nil }
func row() (string, error)                             { return "", nil }

// Reported.

func param(ctx context.Context, body io.Reader) error {
	return retry.Do(ctx, p, func(ctx context.Context) error {
		return upload(ctx, body) // want `body is made outside of the attempt and read in it: the second attempt finds it empty; make it in the attempt, or seek to its start`
	})
}

func local(ctx context.Context) error {
	body := strings.NewReader("text")
	return retry.Do(ctx, p, func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, "PUT", "http://127.0.0.1/", body) // want `body is made outside`
		if err != nil {
			return err
		}
		_, err = http.DefaultClient.Do(req)
		return err
	})
}

func buffer(ctx context.Context, v any) error {
	var buf bytes.Buffer
	if err := json.NewEncoder(&buf).Encode(v); err != nil {
		return err
	}
	b := &buf
	return retry.Do(ctx, p, func(ctx context.Context) error {
		return upload(ctx, b) // want `b is made outside`
	})
}

func file(ctx context.Context) error {
	f, err := os.Open("x")
	if err != nil {
		return err
	}
	defer f.Close()
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		loop.Done(upload(ctx, f)) // want `f is made outside`
	}
	return loop.Err()
}

func readsAll(ctx context.Context, r *http.Response) error {
	body := r.Body
	return retry.Do(ctx, p, func(ctx context.Context) error {
		_, err := io.ReadAll(body) // want `body is made outside`
		return err
	})
}

func request(ctx context.Context) error {
	req, err := http.NewRequest("PUT", "http://127.0.0.1/", io.LimitReader(os.Stdin, 10))
	if err != nil {
		return err
	}
	return retry.Do(ctx, p, func(ctx context.Context) error {
		_, err := http.DefaultClient.Do(req) // want `the body of req, made outside of the attempt, is read by the first attempt: the second sends none, or fails; make the request in the attempt, or set its Body from GetBody`
		return err
	})
}

func requestBytes(ctx context.Context) error {
	req, err := http.NewRequest("PUT", "http://127.0.0.1/", bytes.NewReader(nil))
	if err != nil {
		return err
	}
	return retry.Do(ctx, p, func(ctx context.Context) error {
		_, err := http.DefaultClient.Do(req) // want `the body of req`
		return err
	})
}

func appends(ctx context.Context, names []string) ([]string, error) {
	var all []string
	err := retry.Do(ctx, p, func(ctx context.Context) error {
		for range names {
			s, err := fetch(ctx)
			if err != nil {
				return err
			}
			all = append(all, s) // want `an attempt that fails after this leaves what it has appended to all, and the next attempt appends it again; append to a slice of the attempt's own`
		}
		return nil
	})
	return all, err
}

func appendsInLoop(ctx context.Context) ([]string, error) {
	var all []string
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		s, _ := row()
		all = append(all, s) // want `leaves what it has appended to all`
		_, err := fetch(ctx)
		loop.Done(err)
	}
	return all, loop.Err()
}

func copies(w http.ResponseWriter, r *http.Request) {
	_ = retry.Do(r.Context(), p, func(ctx context.Context) error {
		resp, err := http.Get("http://127.0.0.1/")
		if err != nil {
			return err
		}
		_, err = io.Copy(w, resp.Body) // want `an attempt that fails after this has already written to w, and the next attempt writes again; write when the call has succeeded`
		return err
	})
}

func encodes(w http.ResponseWriter, r *http.Request) {
	_ = retry.Do(r.Context(), p, func(ctx context.Context) error {
		return json.NewEncoder(w).Encode(1) // want `already written to w`
	})
}

func writesHeader(w http.ResponseWriter, r *http.Request) {
	_ = retry.Do(r.Context(), p, func(ctx context.Context) error {
		_, err := fetch(ctx)
		if err != nil {
			w.WriteHeader(502) // want `already written to w`
			return err
		}
		return nil
	})
}

// Not reported.

func inside(ctx context.Context, text string) error {
	return retry.Do(ctx, p, func(ctx context.Context) error {
		return upload(ctx, strings.NewReader(text))
	})
}

func seeks(ctx context.Context, f *os.File) error {
	return retry.Do(ctx, p, func(ctx context.Context) error {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		return upload(ctx, f)
	})
}

func seeker(ctx context.Context, r io.Reader) error {
	return retry.Do(ctx, p, func(ctx context.Context) error {
		if s, ok := r.(io.Seeker); ok {
			s.Seek(0, 0)
		}
		return upload(ctx, r)
	})
}

func hands(ctx context.Context, f *os.File) error {
	return retry.Do(ctx, p, func(ctx context.Context) error { return uploadFile(ctx, f) })
}

func section(ctx context.Context, f *os.File) error {
	return retry.Do(ctx, p, func(ctx context.Context) error { return upload(ctx, io.NewSectionReader(f, 0, 10)) })
}

// A connection is read on and on.
func connection(ctx context.Context, conn net.Conn, in *bufio.Reader) error {
	return retry.Do(ctx, p, func(ctx context.Context) error {
		if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
			return err
		}
		_, err := in.ReadString('\n')
		return err
	})
}

func output(ctx context.Context) (string, error) {
	var buf bytes.Buffer
	err := retry.Do(ctx, p, func(ctx context.Context) error {
		buf.Reset()
		_, err := io.Copy(&buf, strings.NewReader("x"))
		return err
	})
	return buf.String(), err
}

func remade(ctx context.Context, f *os.File) error {
	var body io.Reader
	return retry.Do(ctx, p, func(ctx context.Context) error {
		body = io.NewSectionReader(f, 0, 10)
		return upload(ctx, body)
	})
}

func once(ctx context.Context, body io.Reader) error {
	return retry.Do(ctx, retry.Policy{Attempts: 1}, func(ctx context.Context) error { return upload(ctx, body) })
}

func noBody(ctx context.Context) error {
	req, _ := http.NewRequest("GET", "http://127.0.0.1/", nil)
	put, _ := http.NewRequest("PUT", "http://127.0.0.1/", bytes.NewReader(nil))
	return retry.Do(ctx, p, func(ctx context.Context) (err error) {
		if put.Body, err = put.GetBody(); err != nil {
			return err
		}
		if _, err := http.DefaultClient.Do(put); err != nil {
			return err
		}
		_, err = http.DefaultClient.Do(req)
		return err
	})
}

func appendsAtTheEnd(ctx context.Context) ([]string, error) {
	var all []string
	err := retry.Do(ctx, p, func(ctx context.Context) error {
		s, err := fetch(ctx)
		if err != nil {
			return err
		}
		all = append(all, s)
		return nil
	})
	err2 := retry.Do(ctx, p, func(ctx context.Context) error {
		s, err := fetch(ctx)
		if err == nil {
			all = append(all, s)
		}
		return err
	})
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		s, err := fetch(ctx)
		if loop.Done(err) {
			all = append(all, s)
			return all, nil
		}
	}
	_, _ = err2, loop.Err()
	return all, err
}

func startsAnew(ctx context.Context, names []string) (all []string, err error) {
	err = retry.Do(ctx, p, func(ctx context.Context) error {
		all = nil
		for range names {
			s, err := fetch(ctx)
			if err != nil {
				return err
			}
			all = append(all, s)
		}
		return nil
	})
	return all, err
}

func records(ctx context.Context) (errs []error) {
	var delays []time.Duration
	var attempts []int
	_ = retry.Do(ctx, p, func(ctx context.Context) error {
		_, err := fetch(ctx)
		errs = append(errs, err)
		delays = append(delays, retry.Delay(ctx))
		attempts = append(attempts, retry.Attempt(ctx))
		_, err = fetch(ctx)
		return err
	})
	return errs
}

func writesAtTheEnd(w http.ResponseWriter, r *http.Request) {
	_ = retry.Do(r.Context(), p, func(ctx context.Context) error {
		w.Header().Set("X", "y")
		s, err := fetch(ctx)
		if s == "gone" {
			http.Error(w, "gone", 410)
			return retry.Stop(err)
		}
		if err != nil {
			return err
		}
		fmt.Fprint(w, s)
		return nil
	})
}
