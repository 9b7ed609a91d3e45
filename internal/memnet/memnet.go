// Package memnet has connections in memory, for servers and clients that live in a bubble of testing/synctest: whoever waits for one of these
// lets the bubble's time go on, which isn't so on a network.
package memnet

import (
	"context"
	"net"
	"sync"
)

// A Listener accepts the connections of its own Dial.
type Listener struct {
	name   string
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

// Listen returns a listener whose address is name. Nobody else finds it by that.
func Listen(name string) *Listener {
	return &Listener{name: name, conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Dial connects to the listener. It waits until the connection is accepted, the listener closed, or ctx over.
func (l *Listener) Dial(ctx context.Context) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *Listener) Addr() net.Addr { return address(l.name) }

type address string

func (address) Network() string  { return "memory" }
func (a address) String() string { return string(a) }
