package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/callagain/retry/retrynats/internal/record"
	"github.com/callagain/retry/retrynats/internal/store"
	"github.com/callagain/retry/retrynats/internal/trio"
)

// A cluster is three nats-server processes.
type cluster struct {
	servers []*trio.Server
	url     string
}

func startCluster(dir string, c config) (*cluster, error) {
	var flags []string
	if c.clock != nil {
		flags = []string{"-overlay", c.clock.overlay}
	}
	bin, err := trio.Build(dir, flags...)
	if err != nil {
		return nil, err
	}
	extra := ""
	if c.sync {
		extra = "sync_interval: always"
	}
	ss, url, err := trio.Start(bin, dir, c.servers, extra)
	cl := &cluster{ss, url}
	if err != nil {
		cl.stop()
		return nil, err
	}
	// It has a leader when a stream can be made.
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		e, err := c.at(url).open(ctx)
		cancel()
		if err == nil {
			return cl, e.Close(context.Background())
		}
		if time.Now().After(deadline) {
			cl.stop()
			return nil, err
		}
	}
}

func (c config) at(url string) config { c.Dir, c.URL = "", url; return c }

func (cl *cluster) stop() {
	for _, s := range cl.servers {
		s.Kill()
	}
}

// killLeaders kills the leader of one stream, of the other and of a consumer in turn, and starts it again.
func (cl *cluster) killLeaders(l *ledger, every time.Duration, over chan struct{}, w io.Writer) {
	for i := 0; ; i++ {
		select {
		case <-time.After(every):
		case <-over:
			return
		}
		what := []string{store.CallsStream, store.WakeStream, record.Consumer(plain)}[i%3]
		name, err := trio.Leader(cl.url, what)
		if err != nil {
			fmt.Fprintln(w, "leader of", what, "unknown:", err)
			continue
		}
		for _, s := range cl.servers {
			if s.Name == name {
				s.Kill()
				l.put(line{Kind: server, Out: what + " led by " + name})
				time.Sleep(2 * time.Second)
				if err := s.Start(); err != nil {
					fmt.Fprintln(w, "start", name, err)
				}
			}
		}
	}
}
