package retryhttp_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/memnet"
	"github.com/callagain/retry/retryhttp"
)

// A memory is a real server that its clients reach without a network, so that all of it can be in a bubble of synctest: no time passes there
// while anybody has something to do, however busy the machine is.
type memory struct {
	*httptest.Server
	base     *http.Transport // goes to the server
	dials    atomic.Int64    // connections that were made
	listener *memnet.Listener
}

// inMemory serves h until the end of the bubble that t is of.
func inMemory(t *testing.T, h http.Handler) *memory {
	m := &memory{listener: memnet.Listen("memory:80")}
	m.Server = &httptest.Server{Listener: m.listener, Config: &http.Server{Handler: h, ErrorLog: quiet}}
	m.Start()
	t.Cleanup(m.Close)
	m.base = &http.Transport{DialContext: m.dial}
	t.Cleanup(m.base.CloseIdleConnections)
	return m
}

// dial connects with the server, or over the network with others.
func (m *memory) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if "http://"+addr != m.URL {
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	c, err := m.listener.Dial(ctx)
	if err == nil {
		m.dials.Add(1)
	}
	return c, err
}

// transport returns a Transport that goes to the server.
func (m *memory) transport(p retry.Policy) *retryhttp.Transport {
	return &retryhttp.Transport{Base: m.base, Policy: p}
}
