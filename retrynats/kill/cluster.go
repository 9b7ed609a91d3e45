package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/callagain/retry/retrynats/internal/record"
	"github.com/callagain/retry/retrynats/internal/store"
	"github.com/callagain/retry/retrynats/internal/trio"
)

// A cluster is three nats-server processes.
type cluster struct {
	servers []*trio.Server
	url     string
	disks   map[*trio.Server]*power // if they lose their power
	dark    bool                    // all three at once, too
}

func startCluster(dir string, c config, w io.Writer) (_ *cluster, err error) {
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
	cl := &cluster{disks: map[*trio.Server]*power{}, dark: c.sync}
	defer func() {
		if err != nil {
			cl.stop()
		}
	}()
	lossy := ""
	if c.power {
		if lossy, err = buildLossy(dir); err != nil {
			return nil, err
		}
	}
	var errs []error
	cl.servers, cl.url, err = trio.Start(bin, dir, c.servers, extra, func(s *trio.Server) {
		if c.clock != nil {
			c.clock.server(s)
		}
		if c.power {
			p, err := newPower(lossy, filepath.Join(dir, "disk."+s.Name), w)
			if errs = append(errs, err); err == nil {
				cl.disks[s], s.Store = p, filepath.Join(p.dir, "store")
			}
		}
	})
	if err = errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	// It has a leader when a stream can be made.
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		e, err := c.at(cl.url).open(ctx)
		cancel()
		if err == nil {
			return cl, e.Close(context.Background())
		}
		if time.Now().After(deadline) {
			return nil, err
		}
	}
}

func (c config) at(url string) config { c.Dir, c.URL = "", url; return c }

func (cl *cluster) stop() {
	for _, s := range cl.servers {
		s.Kill()
	}
	for _, p := range cl.disks {
		p.stop()
	}
}

// killServers kills the leader of one stream, of the other and of a consumer in turn, and starts it again.
func (cl *cluster) killServers(l *ledger, every time.Duration, over chan struct{}, w io.Writer) {
	for i := 0; ; i++ {
		select {
		case <-time.After(every):
		case <-over:
			return
		}
		if len(cl.disks) > 0 && cl.dark && i%4 == 3 {
			cl.crash(l, "all at once", cl.servers, w)
			continue
		}
		what := []string{store.CallsStream, store.WakeStream, record.Consumer(plain)}[i%3]
		name, err := trio.Leader(cl.url, what)
		if err != nil {
			fmt.Fprintln(w, "leader of", what, "unknown:", err)
			continue
		}
		for _, s := range cl.servers {
			if s.Name == name {
				cl.crash(l, what+" led by "+name, []*trio.Server{s}, w)
			}
		}
	}
}

// crash kills servers, takes their power if that is what is tried, and starts them again.
func (cl *cluster) crash(l *ledger, what string, ss []*trio.Server, w io.Writer) {
	for _, s := range ss {
		s.Kill()
		l.put(line{Kind: server, Out: what})
	}
	for _, s := range ss {
		if p := cl.disks[s]; p != nil {
			l.put(line{Kind: unplugged})
			if err := p.lose(); err != nil {
				fmt.Fprintln(w, "lose the power:", err)
			}
		}
	}
	time.Sleep(2 * time.Second)
	for _, s := range ss {
		if err := s.Start(); err != nil {
			fmt.Fprintln(w, "start", s.Name, err)
		}
	}
}
