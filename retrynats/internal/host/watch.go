package host

import (
	"context"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

const (
	watchEvery  = time.Second
	restartFrom = 16 << 20 // bytes that are free
)

// watch starts the server again when it can't write, as after the disk was full, and there is room again: it never writes again by itself.
func (h *Host) watch(ctx context.Context, owned func()) {
	t := time.NewTicker(watchEvery)
	defer t.Stop()
	told := false
	for {
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
		h.mu.Lock()
		s := h.server
		h.mu.Unlock()
		why := "it isn't running"
		if s != nil {
			why = broken(s)
		}
		if why == "" {
			told = false
			continue
		}
		if !told {
			h.log.Error("retrynats: the server can't write: is the disk full?", "dir", h.dir, "err", why)
			told = true
		}
		if n, err := h.Free(); err != nil || n < restartFrom {
			continue
		}
		if err := h.restart(); err != nil {
			h.log.Error("retrynats: can't start the server again", "dir", h.dir, "err", err)
			continue
		}
		h.log.Info("retrynats: started the server again", "dir", h.dir)
		go owned()
	}
}

// broken says why a server can't write, if it can't.
func broken(s *server.Server) string {
	for _, e := range s.Healthz(&server.HealthzOptions{Details: true}).Errors {
		if e.Type == server.HealthzErrorJetStream || strings.Contains(e.Error, "write error") {
			return e.Error
		}
	}
	return ""
}

// restart starts the server anew. The directory stays ours.
func (h *Host) restart() error {
	h.mu.Lock()
	s := h.server
	h.server = nil
	h.mu.Unlock()
	if s != nil {
		s.Shutdown()
		s.WaitForShutdown()
	}
	a, err := readAccess(h.dir)
	if err != nil {
		return err
	}
	if s, err = start(h.dir, &a); err != nil {
		return err
	}
	if err := a.write(h.dir); err != nil {
		s.Shutdown()
		s.WaitForShutdown()
		return err
	}
	h.mu.Lock()
	h.server = s
	h.mu.Unlock()
	return nil
}
