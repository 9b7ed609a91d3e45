package s3test

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"
)

// A Fault is what the proxy does to one request.
type Fault int

const (
	None           Fault = iota
	SlowDown             // answer 503 with S3's code SlowDown; the server sees nothing
	GatewayTimeout       // answer 504 without a body; the server sees nothing
	ResetUpload          // reset the connection in the middle of the request's body; the server sees nothing
	ResetAnswer          // let the server do its work, then reset the connection instead of answering
	Truncate             // let the server do its work, and close the connection in the middle of the answer's body
	Flip                 // let the server do its work, and change one byte of the answer's body
	Hang                 // let the server do its work, and don't answer until the client has gone
	faults
)

func (f Fault) String() string {
	names := [...]string{"none", "SlowDown", "504", "reset upload", "reset answer", "truncated", "flipped", "hang"}
	if f < 0 || f >= faults {
		return "Fault(" + strconv.Itoa(int(f)) + ")"
	}
	return names[f]
}

// A Proxy stands on loopback before a [Server].
type Proxy struct {
	// URL is where clients find the proxy.
	URL string

	server *httptest.Server
	base   *http.Transport
	choose func(*http.Request) Fault
	seen   [faults]atomic.Int64
	hint   atomic.Int64
}

// NewProxy starts a proxy before s. It asks choose, which must be safe for concurrent
// use, what to do to each request.
func NewProxy(s *Server, choose func(*http.Request) Fault) *Proxy {
	p := &Proxy{base: s.Transport(), choose: choose}
	p.server = httptest.NewServer(p)
	p.URL = p.server.URL
	return p
}

// Hint makes each later SlowDown ask for d, in the way AWS does (X-Amz-Retry-After).
func (p *Proxy) Hint(d time.Duration) { p.hint.Store(d.Milliseconds()) }

// Seen returns how many requests met f so far.
func (p *Proxy) Seen(f Fault) int { return int(p.seen[f].Load()) }

// Close stops the proxy, and waits for what it is doing.
func (p *Proxy) Close() {
	p.server.CloseClientConnections()
	p.server.Close()
	p.base.CloseIdleConnections()
}

func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fault := p.choose(r)
	p.seen[fault].Add(1)
	switch fault {
	case SlowDown:
		p.slowDown(w)
	case GatewayTimeout:
		w.WriteHeader(http.StatusGatewayTimeout)
	case ResetUpload:
		io.CopyN(io.Discard, r.Body, r.ContentLength/2)
		reset(w)
	case ResetAnswer:
		p.forward(httptest.NewRecorder(), r, None)
		reset(w)
	case Hang:
		p.forward(httptest.NewRecorder(), r, None)
		<-r.Context().Done()
	default:
		p.forward(w, r, fault)
	}
}

// slowDown answers as S3 does when it is called too often.
func (p *Proxy) slowDown(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/xml")
	if ms := p.hint.Load(); ms > 0 {
		w.Header().Set("X-Amz-Retry-After", strconv.FormatInt(ms, 10))
	}
	w.WriteHeader(http.StatusServiceUnavailable)
	io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`)
}

// reset ends the client's connection with a TCP reset.
func reset(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(fmt.Sprintf("s3test: reset: %v", err))
	}
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}

func (p *Proxy) forward(w http.ResponseWriter, r *http.Request, fault Fault) {
	(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "s3"})
			r.Out.Host = r.In.Host // it is signed
		},
		Transport:     p.base,
		FlushInterval: -1,                         // what comes before a cut arrives
		ErrorLog:      log.New(io.Discard, "", 0), // failing is its business
		ModifyResponse: func(res *http.Response) error {
			switch half := res.ContentLength / 2; {
			case half <= 0:
			case fault == Truncate:
				res.Body = &cut{res.Body, half}
			case fault == Flip:
				res.Body = &flip{res.Body, half}
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			// The client has gone, or a reset took the upload away.
			w.WriteHeader(http.StatusBadGateway)
		},
	}).ServeHTTP(w, r)
}

// A cut fails after left bytes, which makes the reverse proxy drop the connection.
type cut struct {
	io.ReadCloser
	left int64
}

func (c *cut) Read(b []byte) (int, error) {
	if c.left == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := c.ReadCloser.Read(b[:min(int64(len(b)), c.left)])
	c.left -= int64(n)
	return n, err
}

// A flip changes the byte after the first left ones.
type flip struct {
	io.ReadCloser
	left int64
}

func (f *flip) Read(b []byte) (int, error) {
	n, err := f.ReadCloser.Read(b)
	if f.left >= 0 && f.left < int64(n) {
		b[f.left] ^= 1
	}
	f.left -= int64(n)
	return n, err
}
