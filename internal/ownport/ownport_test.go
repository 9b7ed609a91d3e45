//go:build unix

package ownport

import (
	"errors"
	"net"
	"runtime"
	"strconv"
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

// A server that is told a port may come and go there, whatever others are given meanwhile.
func TestTakenPortsAreKept(t *testing.T) {
	ports, err := Take(3)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range ports {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(p))
		for range 2 {
			l, err := net.Listen("tcp", addr)
			if err != nil {
				t.Fatalf("%d of %v: %v", p, ports, err)
			}
			l.Close()
		}
	}
}

// The system's own choice of a port is as that of a socket without SO_REUSEADDR: one in use isn't had.
func TestNobodyElseIsGivenAKeptPort(t *testing.T) {
	ports, err := Take(1)
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.GC()
	other := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 0) })
		return err
	}}
	for _, addr := range []string{Closed(t), net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))} {
		if l, err := other.Listen(t.Context(), "tcp", addr); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("%s was given to another: %v, %v", addr, l, err)
		}
	}
}
