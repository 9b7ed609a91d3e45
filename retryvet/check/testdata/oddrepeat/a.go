// Package oddrepeat has attempts that leave something behind, or don't, in odd shapes.
package oddrepeat

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/callagain/retry"
)

func fetch(context.Context) (string, error)                { return "", nil }
func send(context.Context, io.Reader) error                { return nil }
func visit(context.Context, func(string) bool) error       { return nil }
func pages(context.Context) func(func(string, error) bool) { return nil }
func use(context.Context, ...string) error                 { return nil }

// Reported.

func alias(ctx context.Context) error {
	type reader = strings.Reader
	var r *reader = strings.NewReader("body")
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		return send(ctx, r) // want `r is made outside of the attempt and read in it`
	})
}

func appendsInRange(ctx context.Context) (all []string, err error) {
	err = retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		for page, err := range pages(ctx) {
			if err != nil {
				return err
			}
			all = append(all, page) // want `leaves what it has appended to all`
		}
		return nil
	})
	return all, err
}

func inSwitch(ctx context.Context, w http.ResponseWriter) error {
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		s, err := fetch(ctx)
		switch {
		case err == nil:
			if _, err := io.WriteString(w, s); err != nil { // want `has already written to w`
				return err
			}
		}
		return err
	})
}

// The second attempt's bytes come after those of the first.
func intoTwice(ctx context.Context, open func() io.Reader) error {
	buf := new(bytes.Buffer)
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		_, err := buf.ReadFrom(open()) // want `has already written to buf, and the next attempt writes again; reset it`
		return err
	})
}

func printed(ctx context.Context) (string, error) {
	var text strings.Builder
	err := retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		fmt.Fprintln(&text, "begins") // want `has already written to text`
		_, err := fetch(ctx)
		return err
	})
	return text.String(), err
}

func proxied(ctx context.Context, r *http.Request, client *http.Client) error {
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, r.Method, "http://localhost", r.Body) // want `r.Body is read by the first attempt, and the second finds it empty; read it before the call`
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	})
}

func clonedTwice(ctx context.Context, s string, client *http.Client) error {
	req, err := http.NewRequest("POST", "http://localhost", strings.NewReader(s))
	if err != nil {
		return err
	}
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		again := req.Clone(ctx)
		resp, err := client.Do(again) // want `the body of req, made outside of the attempt, is read by the first attempt`
		if err != nil {
			return err
		}
		return resp.Body.Close()
	})
}

func scanned(ctx context.Context, in io.Reader) error {
	lines := bufio.NewScanner(in)
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		for lines.Scan() { // want `lines is made outside of the attempt and read in it`
			if _, err := fetch(ctx); err != nil {
				return err
			}
		}
		return lines.Err()
	})
}

// Not reported.

func copiedWithBody(ctx context.Context, s string, client *http.Client) error {
	req, err := http.NewRequest("POST", "http://localhost", strings.NewReader(s))
	if err != nil {
		return err
	}
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		again := req.Clone(ctx)
		again.Body, err = req.GetBody()
		if err != nil {
			return err
		}
		resp, err := client.Do(again)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	})
}

// A conversation goes on.
func talked(ctx context.Context, conn net.Conn) error {
	r := bufio.NewReader(conn)
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		_, err := r.ReadString('\n')
		return err
	})
}

// So does a download.
func resumed(ctx context.Context, get func(ctx context.Context, from int) (io.Reader, error)) ([]byte, error) {
	var all bytes.Buffer
	err := retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		r, err := get(ctx, all.Len())
		if err != nil {
			return err
		}
		_, err = all.ReadFrom(r)
		return err
	})
	return all.Bytes(), err
}

// What the first attempt has read is kept.
func remembered(ctx context.Context, r *http.Request) error {
	var body []byte
	var once sync.Once
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) (err error) {
		if body == nil {
			if body, err = io.ReadAll(r.Body); err != nil {
				return retry.Stop(err)
			}
		}
		once.Do(func() { io.Copy(io.Discard, r.Body) })
		return use(ctx, string(body))
	})
}

// So does what is a log of all attempts.
func logged(ctx context.Context) (string, error) {
	var log strings.Builder
	err := retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		fmt.Fprintln(&log, "attempt", retry.Attempt(ctx))
		_, err := fetch(ctx)
		return err
	})
	return log.String(), err
}

// What is read into a buffer is no second reading of it.
func into(ctx context.Context, open func() io.Reader) error {
	buf := new(bytes.Buffer)
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		buf.Reset()
		if _, err := buf.ReadFrom(open()); err != nil {
			return retry.Stop(err)
		}
		_, err := fetch(ctx)
		return err
	})
}

func tried(ctx context.Context, hosts []string) (tried []string, err error) {
	err = retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		tried = append(tried, hosts[retry.Attempt(ctx)%len(hosts)])
		_, err := fetch(ctx)
		return err
	})
	return tried, err
}

func visited(ctx context.Context, host string) error {
	var attempted []string
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		attempted = append(attempted, host)
		_, err := fetch(ctx)
		return err
	})
}

func sorted(ctx context.Context, m map[string]bool) error {
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		names := slices.Sorted(maps.Keys(m))
		names = append(names, "last")
		return use(ctx, names...)
	})
}

func copied(ctx context.Context, base []string) error {
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		return use(ctx, append(base, "more")...)
	})
}

func section(ctx context.Context, r *bytes.Reader) error {
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		return send(ctx, io.NewSectionReader(r, 0, r.Size()))
	})
}

func makes(ctx context.Context, text string) error {
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		var r io.Reader
		r = strings.NewReader(text)
		return send(ctx, r)
	})
}

func opened(ctx context.Context, open func() (io.ReadCloser, error)) error {
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		r, err := open()
		if err != nil {
			return err
		}
		defer r.Close()
		return send(ctx, r)
	})
}

func last(ctx context.Context) (all []string, err error) {
	err = retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		s, err := fetch(ctx)
		if err != nil {
			return err
		}
		all = append(all, s)
		return nil
	})
	return all, err
}

func once(ctx context.Context, body io.Reader) error {
	return retry.Do(ctx, retry.Policy{Attempts: 1}, func(ctx context.Context) error { return send(ctx, body) })
}

func stopped(ctx context.Context, body io.Reader) (all []string, err error) {
	err = retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		s, err := fetch(ctx)
		if err != nil {
			return err
		}
		all = append(all, s)
		if s == "" {
			return retry.Stop(errors.New("empty"))
		}
		return nil
	})
	return all, err
}
