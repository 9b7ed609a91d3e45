package repeat

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/callagain/retry"
)

// Reported.

type put struct {
	url  string
	body io.Reader
	done int
}

func newPut(url string, body io.Reader) *put { return &put{url: url, body: body} }

func (u *put) target() string { return u.url }

func (u *put) send(ctx context.Context) error {
	return retry.Do(ctx, p, func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, "PUT", u.target(), u.body) // want `u.body is read by the first attempt, and the second finds it empty; make the reader in the attempt, or seek to its start`
		if err != nil {
			return retry.Stop(err)
		}
		_, err = http.DefaultClient.Do(req)
		return err
	})
}

func setBefore(ctx context.Context, text []byte) error {
	type message struct{ r io.ReadCloser }
	var m message
	m.r = io.NopCloser(bytes.NewReader(text))
	defer m.r.Close()
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		all, err := io.ReadAll(m.r) // want `m.r is read by the first attempt`
		if err == nil {
			err = upload(ctx, strings.NewReader(string(all)))
		}
		loop.Done(err)
	}
	return loop.Err()
}

// Request is one that a caller puts together.
type Request struct {
	URL  string
	Body io.Reader
}

func exported(ctx context.Context, req Request) error {
	return retry.Do(ctx, p, func(context.Context) error {
		_, err := http.Post(req.URL, "text/plain", req.Body) // want `req.Body is read by the first attempt`
		return err
	})
}

type text struct{ r io.Reader }

func inMemory(ctx context.Context) error {
	t := text{r: strings.NewReader("text")}
	return retry.Do(ctx, p, func(ctx context.Context) error {
		return upload(ctx, t.r) // want `t.r is read by the first attempt`
	})
}

// Not reported.

// What it reads from may be a connection.
type stream struct{ r io.Reader }

func (s *stream) frame(ctx context.Context) error {
	return retry.Do(ctx, p, func(ctx context.Context) error { return upload(ctx, s.r) })
}

type rewinds struct{ body io.Reader }

func (u *rewinds) rewind() { u.body.(io.Seeker).Seek(0, io.SeekStart) }

func (u *rewinds) send(ctx context.Context) error {
	return retry.Do(ctx, p, func(context.Context) error {
		u.rewind()
		_, err := http.Post("http://127.0.0.1/", "text/plain", u.body)
		return err
	})
}

type reopens struct{ body io.Reader }

func (u *reopens) open() { u.body = strings.NewReader("text") }

func (u *reopens) send(ctx context.Context) error {
	return retry.Do(ctx, p, func(context.Context) error {
		u.open()
		_, err := http.Post("http://127.0.0.1/", "text/plain", u.body)
		return err
	})
}

type replaced struct{ body io.Reader }

func (u *replaced) reset() { *u = replaced{body: strings.NewReader("text")} }

func (u *replaced) send(ctx context.Context) error {
	return retry.Do(ctx, p, func(context.Context) error {
		u.reset()
		_, err := http.Post("http://127.0.0.1/", "text/plain", u.body)
		return err
	})
}

type around struct{ body io.Reader }

func (u *around) send(ctx context.Context) error {
	policy := retry.Policy{Around: func(ctx context.Context, attempt func(context.Context) error) error {
		u.body.(io.Seeker).Seek(0, io.SeekStart)
		return attempt(ctx)
	}}
	return retry.Do(ctx, policy, func(context.Context) error {
		_, err := http.Post("http://127.0.0.1/", "text/plain", u.body)
		return err
	})
}

type maybe struct{ body io.Reader }

func (u *maybe) send(ctx context.Context) error {
	policy := p
	if u.body != nil {
		policy.RetryIf = func(error) bool { return false }
	}
	return retry.Do(ctx, policy, func(context.Context) error {
		_, err := http.Post("http://127.0.0.1/", "text/plain", u.body)
		return err
	})
}

// Source has methods that others may have written.
type Source interface{ Rewind() }

type Both struct {
	Source
	Body io.Reader
}

func elsewhere(ctx context.Context, b *Both) error {
	return retry.Do(ctx, p, func(context.Context) error {
		b.Rewind()
		_, err := http.Post("http://127.0.0.1/", "text/plain", b.Body)
		return err
	})
}

type last struct{ body io.Reader }

func (u *last) send(ctx context.Context) error {
	return retry.Do(ctx, p, func(ctx context.Context) error {
		if _, err := fetch(ctx); err != nil {
			return err
		}
		_, err := io.Copy(io.Discard, u.body)
		return retry.Stop(err)
	})
}

func ofTheAttempt(ctx context.Context) error {
	return retry.Do(ctx, p, func(ctx context.Context) error {
		u := newPut("http://127.0.0.1/", strings.NewReader("text"))
		_, err := http.Post(u.url, "text/plain", u.body)
		return err
	})
}

func setInTheAttempt(ctx context.Context, req Request) error {
	return retry.Do(ctx, p, func(context.Context) error {
		req = Request{URL: req.URL, Body: strings.NewReader("text")}
		_, err := http.Post(req.URL, "text/plain", req.Body)
		return err
	})
}

type some struct{ r io.Reader }

func inOrder(ctx context.Context, conn net.Conn) error {
	for _, s := range []*some{{r: strings.NewReader("text")}, {conn}} {
		if err := retry.Do(ctx, p, func(ctx context.Context) error { return upload(ctx, s.r) }); err != nil {
			return err
		}
	}
	return nil
}
