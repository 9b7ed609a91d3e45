// Package ownport has ports on loopback that stay a test's own while nobody listens there: for servers that are gone, those that come back,
// and those in processes of their own, which have to be told one. Another test or process might be given such a port otherwise.
package ownport

import (
	"net"
	"sync"
	"testing"
)

// Listen listens on a port of 127.0.0.1. When the listener is closed, connections are refused, and the test may listen on the port
// again; nobody else is given it before the test ends.
func Listen(t testing.TB) net.Listener {
	t.Helper()
	l, near, far, err := listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); near.Close(); far.Close() })
	return l
}

// Closed returns the address of a port of 127.0.0.1 where nobody listens before the test ends, unless the test or a process that it tells.
func Closed(t testing.TB) string {
	t.Helper()
	l := Listen(t)
	l.Close()
	return l.Addr().String()
}

// taken are the connections that keep what Take has returned. A collected connection would be closed.
var (
	mu    sync.Mutex
	taken []net.Conn
)

// Take returns n ports of 127.0.0.1 where nobody listens but whoever is told: nobody else is given them before this process ends.
func Take(n int) ([]int, error) {
	var ports []int
	for range n {
		l, near, far, err := listen()
		if err != nil {
			return nil, err
		}
		l.Close()
		mu.Lock()
		taken = append(taken, near, far)
		mu.Unlock()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// listen returns a listener and the two ends of a connection that keeps its port: one with a connection is given to nobody who asks for
// any, while a listener there, which has SO_REUSEADDR, may come and go.
func listen() (l net.Listener, near, far net.Conn, err error) {
	if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, nil, nil, err
	}
	if near, err = net.Dial("tcp", l.Addr().String()); err != nil {
		l.Close()
		return nil, nil, nil, err
	}
	if far, err = l.Accept(); err != nil {
		near.Close()
		l.Close()
		return nil, nil, nil, err
	}
	return l, near, far, nil
}
