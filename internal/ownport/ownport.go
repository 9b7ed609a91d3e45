// Package ownport has ports on loopback that stay a test's own while nobody listens there: for servers that are gone, and for those that come
// back. Another test or process might be given such a port otherwise.
package ownport

import (
	"net"
	"testing"
)

// Listen listens on a port of 127.0.0.1. When the listener is closed, connections are refused, and the test may listen on the port
// again; nobody else is given it before the test ends. A connection to it that is kept until then sees to that.
func Listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	return l
}

// Closed returns the address of a port of 127.0.0.1 where nobody listens before the test ends.
func Closed(t testing.TB) string {
	t.Helper()
	l := Listen(t)
	l.Close()
	return l.Addr().String()
}
