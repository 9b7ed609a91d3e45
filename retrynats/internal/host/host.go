// Package host runs the server of a directory: in this process if it is the first that opens the directory, or else in the one
// that is, until that one dies and this one takes over.
package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// A Host is this process's part in a directory.
type Host struct {
	dir    string
	log    *slog.Logger
	worker *os.File
	name   string
	stop   context.CancelFunc
	done   sync.WaitGroup

	mu     sync.Mutex
	lock   *os.File // if we are the owner
	server *server.Server
}

// Open makes this process the owner of the directory, or joins the one that is. owned is called, in a goroutine of its own, when the
// process becomes the owner later on.
func Open(ctx context.Context, dir, worker string, log *slog.Logger, owned func()) (*Host, error) {
	if err := prepare(dir); err != nil {
		return nil, err
	}
	h := &Host{dir: dir, name: worker, log: log}
	ok, err := h.own()
	for deadline := time.Now().Add(15 * time.Second); err == nil && !ok; ok, err = h.own() {
		// There is an owner. It may be one that has not yet said how it is reached, or one that is on its way out.
		a, e := readAccess(dir)
		if here, _ := os.Hostname(); e == nil && a.Host != here {
			return nil, fmt.Errorf("%s is in use by %s: only processes of one machine can share a directory", dir, owner(dir))
		}
		if e == nil {
			break
		}
		if !errors.Is(e, fs.ErrNotExist) || time.Now().After(deadline) {
			return nil, fmt.Errorf("join %s: %w", owner(dir), e)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return nil, fmt.Errorf("join %s: %w", owner(dir), context.Cause(ctx))
		}
	}
	if err != nil {
		return nil, err
	}
	life, stop := context.WithCancel(context.Background())
	h.stop = stop
	if h.worker, err = lockWorker(dir, worker); err != nil {
		h.Close()
		return nil, err
	}
	if !ok {
		h.done.Go(func() { h.standBy(life, owned) })
	}
	return h, nil
}

// own takes the directory if it has no owner.
func (h *Host) own() (bool, error) {
	l, err := lock(h.dir)
	if l == nil {
		return false, err
	}
	a, err := readAccess(h.dir)
	if errors.Is(err, fs.ErrNotExist) {
		a, err = newAccess()
	} else if err == nil {
		err = a.check(h.dir)
	}
	var s *server.Server
	if err == nil {
		s, err = start(h.dir, &a)
	}
	if err == nil {
		a.Host, _ = os.Hostname()
		err = a.write(h.dir)
	}
	if err != nil {
		if s != nil {
			s.Shutdown()
			s.WaitForShutdown()
		}
		l.Close()
		return false, err
	}
	clean(h.dir)
	h.mu.Lock()
	h.lock, h.server = l, s
	h.mu.Unlock()
	return true, nil
}

// standBy waits for the owner's death, and takes over.
func (h *Host) standBy(ctx context.Context, owned func()) {
	wait := 20 * time.Millisecond
	for {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		ok, err := h.own()
		if err != nil {
			h.log.Error("retrynats: can't take the directory over", "dir", h.dir, "err", err)
			wait = min(2*wait, 5*time.Second)
			continue
		}
		if ok {
			h.log.Info("retrynats: took the directory over", "dir", h.dir)
			go owned()
			return
		}
	}
}

// Owner reports whether this process is the owner of the directory.
func (h *Host) Owner() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.server != nil
}

// Holder says which process owns the directory.
func (h *Host) Holder() string { return owner(h.dir) }

// Options are what a connection to the server needs, wherever it is at the time.
func (h *Host) Options() ([]nats.Option, error) {
	a, err := readAccess(h.dir)
	if err != nil {
		return nil, err
	}
	t, err := a.client()
	if err != nil {
		return nil, fmt.Errorf("the certificate in %s: %w", filepath.Join(h.dir, accessName), err)
	}
	return []nats.Option{nats.Token(a.Token), nats.SetCustomDialer(h), func(o *nats.Options) error {
		o.TLSConfig = t // without Secure, since a connection within the process needs none
		return nil
	}}, nil
}

// Dial connects to the server. It is for the client, and takes no notice of the address.
func (h *Host) Dial(string, string) (net.Conn, error) {
	h.mu.Lock()
	s := h.server
	h.mu.Unlock()
	if s != nil {
		return s.InProcessConn()
	}
	a, err := readAccess(h.dir)
	if err != nil {
		return nil, err
	}
	return net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(a.Port)), 2*time.Second)
}

// Gone reports whether a worker of this directory is known to be dead.
func (h *Host) Gone(worker string) bool { return worker != h.name && gone(h.dir, worker) }

// Free returns the bytes that are free on the disk of the directory.
func (h *Host) Free() (int64, error) { return free(h.dir) }

// Close stops the server, if it is here, and lets another process take the directory over.
func (h *Host) Close() {
	h.stop()
	h.done.Wait()
	h.mu.Lock()
	s, l := h.server, h.lock
	h.server, h.lock = nil, nil
	h.mu.Unlock()
	if s != nil {
		s.Shutdown()
		s.WaitForShutdown()
	}
	if h.worker != nil {
		os.Remove(filepath.Join(h.dir, workersName, h.name))
		h.worker.Close()
	}
	if l != nil {
		l.Close()
	}
}
