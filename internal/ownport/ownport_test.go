package ownport

import (
	"errors"
	"net"
	"syscall"
	"testing"
)

// Nobody is at the port of a closed listener, until the test listens there again.
func TestThePortIsKept(t *testing.T) {
	l := Listen(t)
	addr := l.Addr().String()
	for range 3 {
		l.Close()
		if _, err := net.Dial("tcp", addr); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("nobody listens: %v", err)
		}
		if c, err := net.Dial("tcp", Closed(t)); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("nobody ever listened: %v, %v", c, err)
		}
		again, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		l = again
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	l.Close()
}

// The connection that keeps the port is accepted: whoever accepts connections of the listener doesn't see it.
func TestTheFirstConnectionIsTheCallers(t *testing.T) {
	l := Listen(t)
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	if got.RemoteAddr().String() != c.LocalAddr().String() {
		t.Errorf("accepted a connection of %v, want %v", got.RemoteAddr(), c.LocalAddr())
	}
}
