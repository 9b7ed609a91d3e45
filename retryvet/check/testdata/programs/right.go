// Package programs is as people write them: none of right.go is to be reported, and some of wrong.go is.
package programs

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

// A poller polls for a job's end: each attempt that finds it unfinished asks for another one.
type poller struct {
	http   *http.Client
	policy retry.Policy
}

type job struct{ State, Error string }

var errPending = errors.New("pending")

func (p *poller) wait(ctx context.Context, url string) (job, error) {
	return retry.Get(ctx, p.policy, func(ctx context.Context) (job, error) {
		var j job
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return j, retry.Stop(err)
		}
		resp, err := p.http.Do(req)
		if err != nil {
			return j, err
		}
		defer resp.Body.Close()
		if err := json.NewDecoder(resp.Body).Decode(&j); err != nil {
			return j, fmt.Errorf("decode job: %w", err)
		}
		switch j.State {
		case "done":
			return j, nil
		case "failed":
			return j, retry.Stop(errors.New(j.Error))
		}
		return j, errPending
	})
}

// upload makes the request anew for each attempt.
func upload(ctx context.Context, c *http.Client, url, name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	return retry.Do(ctx, retry.Policy{Attempts: 5, Timeout: time.Minute}, func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPut, url, bytes.NewReader(data))
		if err != nil {
			return err
		}
		resp, err := c.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	})
}

// uploadFile seeks to the start.
func uploadFile(ctx context.Context, put func(context.Context, io.Reader) error, f *os.File) error {
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return retry.Stop(err)
		}
		return put(ctx, f)
	})
}

// A consumer reconnects for as long as it lives.
type consumer struct {
	addr   string
	log    *slog.Logger
	handle func(context.Context, string) error
}

func (c *consumer) run(ctx context.Context) error {
	p := retry.Policy{Attempts: retry.Unlimited, Backoff: retry.Exponential{Initial: time.Second, Max: time.Minute}, Observe: retry.Log(c.log)}
	return retry.Do(ctx, p, func(ctx context.Context) error {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", c.addr)
		if err != nil {
			return err
		}
		defer conn.Close()
		stop := context.AfterFunc(ctx, func() { conn.Close() })
		defer stop()
		lines := bufio.NewScanner(conn)
		for n := 0; lines.Scan(); n++ {
			if err := c.handle(ctx, lines.Text()); err != nil {
				return fmt.Errorf("line %d: %w", n, err)
			}
		}
		return retry.Progress(lines.Err())
	})
}

// A session dials in an attempt, and lives with the context of its owner.
type session struct {
	life context.Context
	conn net.Conn
}

func (s *session) open(ctx context.Context, addr string) error {
	return retry.Do(ctx, retry.Policy{Timeout: 5 * time.Second}, func(ctx context.Context) error {
		conn, err := (&tls.Dialer{}).DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		s.conn = conn
		context.AfterFunc(s.life, func() { conn.Close() })
		return nil
	})
}

// A store has one budget for all of its calls.
type store struct {
	db     *sql.DB
	policy retry.Policy
}

// A proxy answers when the call has succeeded.
type proxy struct {
	client *http.Client
	base   string
}

func newProxy(base string) *proxy {
	return &proxy{retryhttp.NewClient(retry.Policy{Attempts: 3}), base}
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	req, err := http.NewRequestWithContext(r.Context(), r.Method, p.base+r.URL.Path, nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	resp, err := p.client.Do(req)
	if err != nil {
		http.Error(w, "upstream", http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	w.WriteHeader(resp.StatusCode)
	io.Copy(w, resp.Body)
}

// replicas are asked by a hedge that is made once.
type replicas struct {
	get func(context.Context) (string, error)
}

func newReplicas(get func(context.Context) (string, error)) *replicas {
	return &replicas{retry.Hedge(retry.HedgeSettings{Name: "replicas"}, get)}
}

func (r *replicas) read(ctx context.Context) (string, error) {
	return retry.Get(ctx, retry.Policy{Timeout: time.Second}, r.get)
}

// A line is written to a response after it is known.
func handler(p retry.Policy, load func(context.Context) (string, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, err := retry.Get(r.Context(), p, func(ctx context.Context) (string, error) {
			w.Header().Set("X-Attempts", fmt.Sprint(retry.Attempt(ctx)))
			return load(ctx)
		})
		if err != nil {
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, s)
	}
}

// with is a wrapper whose attempts have no context.
func with(ctx context.Context, f func() error) error {
	return retry.Do(ctx, retry.Policy{Attempts: 3}, func(context.Context) error { return f() })
}

func usesWith(ctx context.Context, name string, save func(context.Context, string) error) error {
	return with(ctx, func() error { return save(ctx, name) })
}

// A form is sent by a client that makes the body again.
func form(ctx context.Context, c *http.Client, url, body string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		again := req.Clone(ctx)
		if again.Body, err = req.GetBody(); err != nil {
			return retry.Stop(err)
		}
		resp, err := c.Do(again)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	})
}
