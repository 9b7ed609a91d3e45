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
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
	"github.com/callagain/retry/retrysql"
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

func newStore(db *sql.DB) *store {
	return &store{db, retry.Policy{Budget: new(retry.Budget), Timeout: time.Second}}
}

func (s *store) transfer(ctx context.Context, from, to string, cents int) error {
	return retrysql.InTx(ctx, s.db, s.policy, nil, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE accounts SET cents = cents - $1 WHERE id = $2", cents, from); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE accounts SET cents = cents + $1 WHERE id = $2", cents, to)
		return err
	})
}

// names collects into a slice of the transaction's own.
func (s *store) names(ctx context.Context) ([]string, error) {
	return retrysql.GetTx(ctx, s.db, s.policy, nil, func(ctx context.Context, tx *sql.Tx) ([]string, error) {
		rows, err := tx.QueryContext(ctx, "SELECT name FROM accounts")
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		var all []string
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return nil, err
			}
			all = append(all, name)
		}
		return all, rows.Err()
	})
}

// namesOut empties the caller's slice first.
func (s *store) namesOut(ctx context.Context) (all []string, err error) {
	err = retrysql.InTx(ctx, s.db, s.policy, nil, func(ctx context.Context, tx *sql.Tx) error {
		all = all[:0]
		rows, err := tx.QueryContext(ctx, "SELECT name FROM accounts")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			all = append(all, name)
		}
		return rows.Err()
	})
	return all, err
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

// A command's output is collected anew for each attempt.
func command(ctx context.Context, name string, args ...string) (string, error) {
	var out bytes.Buffer
	err := retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		out.Reset()
		c := exec.CommandContext(ctx, name, args...)
		c.Stdout = &out
		return c.Run()
	})
	return out.String(), err
}

// Pages are fetched one after the other, each in a call of its own.
func pages(ctx context.Context, get func(context.Context, string) ([]string, string, error)) ([]string, error) {
	var all []string
	type page struct {
		items []string
		next  string
	}
	for token := "start"; token != ""; {
		p, err := retry.Get(ctx, retry.Policy{Name: "pages"}, func(ctx context.Context) (page, error) {
			items, next, err := get(ctx, token)
			return page{items, next}, err
		})
		if err != nil {
			return nil, err
		}
		all = append(all, p.items...)
		token = p.next
	}
	return all, nil
}

// pagesLoop goes on where a failed attempt was: what it has got counts.
func pagesLoop(ctx context.Context, get func(context.Context, string) ([]string, string, error)) ([]string, error) {
	var all []string
	token := "start"
	err := retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		for token != "" {
			items, next, err := get(ctx, token)
			if err != nil {
				return err
			}
			all = append(all, items...)
			token = next
		}
		return nil
	})
	return all, err
}

// fanOut makes calls side by side, each with its own Loop.
func fanOut(ctx context.Context, urls []string, get func(context.Context, string) error) error {
	errs := make([]error, len(urls))
	var all sync.WaitGroup
	for i, url := range urls {
		all.Go(func() {
			var loop retry.Loop
			for ctx := range loop.Attempts(ctx, retry.Policy{}) {
				if loop.Done(get(ctx, url)) {
					break
				}
			}
			errs[i] = loop.Err()
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// Attempts are counted.
func counted(ctx context.Context, f func(context.Context) error) (tries int, err error) {
	var n atomic.Int32
	err = retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		n.Add(1)
		return f(ctx)
	})
	return int(n.Load()), err
}

// fallback tries another way when retrying has failed.
func fallback(ctx context.Context, first, second func(context.Context) (string, error)) (string, error) {
	s, err := retry.Get(ctx, retry.Policy{Attempts: 2}, first)
	if errors.Is(err, retry.ErrExhausted) {
		slog.WarnContext(ctx, "first", "err", err)
		return second(ctx)
	}
	return s, err
}

// lead calls something that retries when the outer call is over.
func lead(ctx context.Context, acquire, work func(context.Context) error) error {
	for ctx.Err() == nil {
		if err := retry.Do(ctx, retry.Policy{Attempts: retry.Unlimited}, acquire); err != nil {
			return err
		}
		if err := retry.Do(ctx, retry.Policy{}, work); err != nil {
			slog.Error("work", "err", err)
		}
	}
	return ctx.Err()
}

// warm ignores an inner call's failure.
func warm(ctx context.Context, cache, load func(context.Context) error) error {
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		if err := retry.Do(ctx, retry.Policy{Attempts: 2}, cache); err != nil {
			slog.Warn("no cache", "err", err)
		}
		return load(ctx)
	})
}

// reused lets go of the inner call's error before the attempt ends with another one.
func reused(ctx context.Context, cache, load func(context.Context) error) error {
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		err := retry.Do(ctx, retry.Policy{Attempts: 2}, cache)
		if err != nil {
			slog.Warn("no cache", "err", err)
		}
		err = load(ctx)
		return err
	})
}

// A watch is told to go on by its own context; what it starts outlives the attempt.
func watch(ctx context.Context, subscribe func(context.Context) (<-chan string, error), out chan<- string) error {
	return retry.Do(ctx, retry.Policy{Attempts: retry.Unlimited}, func(attempt context.Context) error {
		in, err := subscribe(attempt)
		if err != nil {
			return err
		}
		for {
			select {
			case s, ok := <-in:
				if !ok {
					return retry.Progress(errors.New("closed"))
				}
				out <- s
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	})
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
