package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/cmd/retry/internal/proc"
	"github.com/callagain/retry/internal/redact"
	"github.com/callagain/retry/retryhttp"
)

// A probe looks whether something is there. Where there are probes, they are the attempts, and the command is
// run once, when all that they look for is there.
type probe struct {
	flag string
	name string // of what it looks for, to be shown
	look func(ctx, call context.Context) error
}

// probeTimeout limits an attempt where --timeout doesn't: unlike a command, a connection ends by itself only after minutes.
const probeTimeout = 10 * time.Second

func parseTCP(s string) ([]probe, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil || host == "" || port == "" {
		return nil, fmt.Errorf("%q is not HOST:PORT, such as db:5432 or [::1]:80", s)
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return nil, fmt.Errorf("%q has no port that is known here", s)
	}
	return []probe{{"tcp", s, func(ctx, _ context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", s)
		if err == nil {
			conn.Close()
		}
		return err
	}}}, nil
}

func parseHTTP(s string) ([]probe, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("that is not the URL of a page, such as https://example.com/health") // it may have a password in it
	}
	return []probe{{"http", u.Host + u.EscapedPath(), func(ctx, call context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s, nil)
		if err != nil {
			return err
		}
		resp, err := freshConnections().Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		resp.Request = resp.Request.WithContext(call) // whose time a hint has to fit in
		return retryhttp.Check(resp)
	}}}, nil
}

// freshConnections is a client whose connections say something of the server as it is now.
func freshConnections() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableKeepAlives = true
	return &http.Client{Transport: t}
}

func parsePath(s string) ([]probe, error) {
	if s, err := parseFile(s); err != nil {
		return nil, err
	} else {
		return []probe{{"file", s, func(ctx, _ context.Context) error {
			done := make(chan error, 1)
			go func() { // a file system over the network may hang
				_, err := os.Stat(s)
				done <- err
			}()
			select {
			case err := <-done:
				return err
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}}}, nil
	}
}

// lookFor makes an attempt with the probes.
func (c *call) lookFor(ctx context.Context) *attempt {
	r := &attempt{number: retry.Attempt(ctx), delay: retry.Delay(ctx), start: time.Now()}
	c.say.starting(c, r)
	for _, p := range c.probes {
		if r.missing = p.look(ctx, c.ctx); r.missing == nil {
			continue
		}
		r.code = codeUnmet
		r.timedOut = ctx.Err() != nil && proc.ToldBy(ctx) == 0
		r.lasting = p.flag != "file" && !retryhttp.Transient(r.missing)
		r.missed = redact.String(p.name + ": " + strings.TrimPrefix(bare(r.missing).Error(), "GET "+p.name+": "))
		break
	}
	r.took = time.Since(r.start)
	return r
}

// bare is the error without what names the thing that was looked for, or its URL.
func bare(err error) error {
	if e := (*url.Error)(nil); errors.As(err, &e) {
		err = e.Err
	}
	if e := (*net.OpError)(nil); errors.As(err, &e) {
		err = e.Err
	}
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		err = e.Err
	}
	return err
}

// become has the command take our place, when all is there that was waited for. It returns if it can't.
func (c *call) become() int {
	c.signals.Release()
	if sig := proc.ToldBy(c.told); sig != 0 {
		return c.die(sig)
	}
	code, err := proc.Become(c.command, outerEnvironment())
	if err != nil {
		c.say.error(fmt.Errorf("%s: %w", nameOf(c.command[0]), err))
	}
	return code
}
