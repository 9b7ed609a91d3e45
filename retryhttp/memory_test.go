package retryhttp_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

// A memory is a real server that its clients reach without a network, so that all of it can be in a bubble of synctest: no time passes there
// while anybody has something to do, however busy the machine is.
type memory struct {
	*httptest.Server
	base  *http.Transport // goes to the server
	dials atomic.Int64    // connections that were made
	pipes pipes
}

// inMemory serves h until the end of the bubble that t is of.
func inMemory(t *testing.T, h http.Handler) *memory {
	m := &memory{pipes: pipes{conns: make(chan net.Conn), closed: make(chan bool)}}
	m.Server = &httptest.Server{Listener: &m.pipes, Config: &http.Server{Handler: h, ErrorLog: quiet}}
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
	near, far := net.Pipe()
	select {
	case m.pipes.conns <- far:
		m.dials.Add(1)
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// transport returns a Transport that goes to the server.
func (m *memory) transport(p retry.Policy) *retryhttp.Transport {
	return &retryhttp.Transport{Base: m.base, Policy: p}
}

// pipes is a listener for connections in memory.
type pipes struct {
	conns  chan net.Conn
	closed chan bool
	once   sync.Once
}

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory:80"} }
