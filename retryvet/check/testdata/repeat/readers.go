package repeat

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"strings"

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
