//go:build linux

package sqltest

import (
	"bytes"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

// What a proxy does to a COMMIT.
type cut int

const (
	pass        cut = iota
	cutAnswer       // the server gets it, its answer is thrown away, and the client's connection is reset
	closeAnswer     // the same, but the connection is closed in good order
	cutAtOnce       // the server gets it, and the client loses its connection before there is an answer
	cutRequest      // the server never gets it
	stall           // the server gets it, and the client never hears of anything again
)

// A proxy stands before a server and cuts connections at COMMIT, or other statements.
type proxy struct {
	port    int
	backend string
	matches func(fromClient []byte) bool
	seen    atomic.Int64
	cuts    [6]atomic.Int64
	decide  atomic.Pointer[func(n int64) cut]

	closed sync.RWMutex // locked while nobody may connect

	mu    sync.Mutex
	conns []net.Conn
}

// closeAll closes the connections so far: the end of a stall.
func (p *proxy) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.Close()
	}
}

func newProxy(t testing.TB, s *server, matches func([]byte) bool) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p := &proxy{port: l.Addr().(*net.TCPAddr).Port, backend: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), matches: matches}
	p.set(func(int64) cut { return pass })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c.(*net.TCPConn))
		}
	}()
	return p
}

// set says what to do to the n-th statement that matches, counted from 1.
func (p *proxy) set(decide func(n int64) cut) {
	p.seen.Store(0)
	for i := range p.cuts {
		p.cuts[i].Store(0)
	}
	p.decide.Store(&decide)
}

func (p *proxy) serve(client *net.TCPConn) {
	defer client.Close()
	p.closed.RLock()   // waits for as long as the proxy is closed
	p.closed.RUnlock() //lint:ignore SA2001 that is all
	conn, err := net.Dial("tcp", p.backend)
	if err != nil {
		return
	}
	server := conn.(*net.TCPConn)
	defer server.Close()
	p.mu.Lock()
	p.conns = append(p.conns, client, server)
	p.mu.Unlock()
	reset := func() {
		client.SetLinger(0) // RST instead of FIN
		client.Close()
	}
	var drop, mute, orderly atomic.Bool
	go func() {
		defer client.Close()
		buf := make([]byte, 64<<10)
		for {
			n, err := server.Read(buf)
			if drop.Load() && n > 0 {
				if orderly.Load() {
					client.Close()
				} else {
					reset()
				}
				server.Close()
				return
			}
			if mute.Load() {
				n = 0
			}
			if _, werr := client.Write(buf[:n]); err != nil || werr != nil {
				return
			}
		}
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if p.matches(buf[:n]) {
			what := (*p.decide.Load())(p.seen.Add(1))
			p.cuts[what].Add(1)
			switch what {
			case cutRequest:
				reset()
				return
			case cutAtOnce:
				server.Write(buf[:n])
				reset()
				server.CloseWrite()
				io.Copy(io.Discard, server)
				return
			case cutAnswer, closeAnswer:
				orderly.Store(what == closeAnswer)
				drop.Store(true)
			case stall:
				mute.Store(true)
			}
		}
		if _, werr := server.Write(buf[:n]); err != nil || werr != nil {
			return
		}
	}
}

// isCommit knows the COMMIT of pgx and lib/pq (a simple query) and of go-sql-driver/mysql.
func isCommit(b []byte) bool {
	b = bytes.ToLower(b)
	return bytes.Equal(b, []byte("q\x00\x00\x00\x0bcommit\x00")) || bytes.Equal(b, []byte("\x07\x00\x00\x00\x03commit"))
}
