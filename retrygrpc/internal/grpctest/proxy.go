package grpctest

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// A Proxy passes on connections to a server, and cuts them when it is told to.
type Proxy struct {
	Addr   string
	server string
	l      net.Listener
	left   atomic.Int64 // bytes that the server may still say; negative for any number

	mu    sync.Mutex
	conns map[net.Conn]bool
}

// NewProxy starts a proxy on loopback. It ends with the test.
func NewProxy(t testing.TB, server string) *Proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Addr: l.Addr().String(), server: server, l: l, conns: map[net.Conn]bool{}}
	p.left.Store(-1)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.pass(c)
		}
	}()
	t.Cleanup(func() {
		l.Close()
		p.CutAll()
	})
	return p
}

// CutAfter makes the proxy cut the connection on which the server says the n-th byte from now on, after passing that many on.
func (p *Proxy) CutAfter(n int64) { p.left.Store(n) }

// Pending reports whether a cut is yet to come, and takes it back.
func (p *Proxy) Pending() bool { return p.left.Swap(-1) >= 0 }

// CutAll cuts all connections.
func (p *Proxy) CutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
}

func (p *Proxy) keep(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[c] = true
}

func (p *Proxy) close(c net.Conn) {
	c.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

func (p *Proxy) pass(client net.Conn) {
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		client.Close()
		return
	}
	p.keep(client)
	p.keep(server)
	end := func() { p.close(client); p.close(server) }
	go func() {
		defer end()
		copyTo(server, client, func(n int) (int, bool) { return n, false })
	}()
	defer end()
	copyTo(client, server, func(n int) (int, bool) {
		for {
			left := p.left.Load()
			if left < 0 {
				return n, false
			}
			cut := int64(n) >= left
			rest := left - int64(n)
			if cut {
				rest = -1
			}
			if p.left.CompareAndSwap(left, rest) {
				return int(min(left, int64(n))), cut
			}
		}
	})
}

func copyTo(to, from net.Conn, limit func(int) (n int, cut bool)) {
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		n, cut := limit(n)
		if _, werr := to.Write(b[:n]); werr != nil || err != nil || cut {
			return
		}
	}
}
