package retryconnect_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"connectrpc.com/connect"
	"github.com/callagain/retry"
	"github.com/callagain/retry/retryconnect"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

type value = wrapperspb.Int64Value

// The procedures of the service.
const (
	add    = "/callagain.test.Counter/Add"
	get    = "/callagain.test.Counter/Get" // has no side effects
	list   = "/callagain.test.Counter/List"
	upload = "/callagain.test.Counter/Upload"
	chat   = "/callagain.test.Counter/Chat"
)

// quick is a policy that doesn't wait.
var quick = retry.Policy{Backoff: retry.List{0, 0, 0, 0}}

// unlimited has no budget.
var unlimited = retryconnect.WithBudget(func(string) *retry.Budget { return nil })

// protocols are connect-go's, each with a transport that suits it.
var protocols = map[string]protocol{
	"connect":         {nil, false},
	"connect, HTTP/2": {nil, true},
	"gRPC":            {[]connect.ClientOption{connect.WithGRPC()}, true},
	"gRPC-Web":        {[]connect.ClientOption{connect.WithGRPCWeb()}, false},
}

type protocol struct {
	opts  []connect.ClientOption
	http2 bool
}

func (p protocol) client(t testing.TB) *http.Client {
	tr := &http.Transport{Protocols: new(http.Protocols)}
	tr.Protocols.SetHTTP1(!p.http2)
	tr.Protocols.SetUnencryptedHTTP2(p.http2)
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// dial returns a client of a procedure.
func (p protocol) dial(t testing.TB, url, procedure string, interceptors ...connect.Interceptor) *connect.Client[value, value] {
	opts := append([]connect.ClientOption{connect.WithInterceptors(interceptors...)}, p.opts...)
	if procedure == get || procedure == chat || procedure == upload {
		opts = append(opts, connect.WithIdempotency(connect.IdempotencyNoSideEffects))
	}
	return connect.NewClient[value, value](p.client(t), url+procedure, opts...)
}

// A service is what a server does.
type service struct {
	unary  func(ctx context.Context, header http.Header, v int64) (int64, error)
	stream func(ctx context.Context, receive func() (int64, error), send func(int64) error) error
	opts   []connect.HandlerOption
}

func (s service) handler() http.Handler {
	unary := func(ctx context.Context, req *connect.Request[value]) (*connect.Response[value], error) {
		v, err := s.unary(ctx, req.Header(), req.Msg.Value)
		if err != nil {
			return nil, err
		}
		return connect.NewResponse(wrapperspb.Int64(v)), nil
	}
	mux := http.NewServeMux()
	mux.Handle(add, connect.NewUnaryHandler(add, unary, s.opts...))
	mux.Handle(get, connect.NewUnaryHandler(get, unary, s.opts...))
	mux.Handle(list, connect.NewServerStreamHandler(list, func(ctx context.Context, req *connect.Request[value], stream *connect.ServerStream[value]) error {
		return s.stream(ctx,
			func() (int64, error) { return req.Msg.Value, nil },
			func(v int64) error { return stream.Send(wrapperspb.Int64(v)) })
	}, s.opts...))
	mux.Handle(upload, connect.NewClientStreamHandler(upload, func(ctx context.Context, stream *connect.ClientStream[value]) (*connect.Response[value], error) {
		var answer int64
		err := s.stream(ctx,
			func() (int64, error) {
				if stream.Receive() {
					return stream.Msg().Value, nil
				}
				if stream.Err() != nil {
					return 0, stream.Err()
				}
				return 0, io.EOF
			},
			func(v int64) error { answer = v; return nil })
		if err != nil {
			return nil, err
		}
		return connect.NewResponse(wrapperspb.Int64(answer)), nil
	}, s.opts...))
	mux.Handle(chat, connect.NewBidiStreamHandler(chat, func(ctx context.Context, stream *connect.BidiStream[value, value]) error {
		return s.stream(ctx,
			func() (int64, error) {
				m, err := stream.Receive()
				return m.GetValue(), err
			},
			func(v int64) error { return stream.Send(wrapperspb.Int64(v)) })
	}, s.opts...))
	return mux
}

// serve serves h on loopback, in HTTP/1 and 2, until the test ends, and returns its URL.
func serve(t testing.TB, h http.Handler) string {
	s := httptest.NewUnstartedServer(h)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) }
	s.Listener = &listener{Listener: s.Listener}
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

// A listener's connections can be cut.
type listener struct{ net.Listener }

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	cut := &cutConn{Conn: c}
	cut.left.Store(-1)
	return cut, nil
}

// A cutConn is a connection that ends when the server has written so many bytes more. Each has a number of its own: another one, that of an
// earlier call, may still have something to write.
type cutConn struct {
	net.Conn
	left atomic.Int64 // negative for any number
}

type connKey struct{}

// connOf returns the connection of the request whose context it is.
func connOf(ctx context.Context) *cutConn { return ctx.Value(connKey{}).(*cutConn) }

// cutAfter cuts the connection after the next n bytes.
func (c *cutConn) cutAfter(n int64) { c.left.Store(n) }

// pending reports whether a cut is yet to come, and takes it back.
func (c *cutConn) pending() bool { return c.left.Swap(-1) >= 0 }

func (c *cutConn) Write(b []byte) (int, error) {
	for {
		left := c.left.Load()
		switch n := int64(len(b)); {
		case left < 0:
			return c.Conn.Write(b)
		case n < left && c.left.CompareAndSwap(left, left-n):
			return c.Conn.Write(b)
		case n >= left && c.left.CompareAndSwap(left, -1):
			n, _ := c.Conn.Write(b[:left])
			c.Close()
			return n, io.ErrClosedPipe
		}
	}
}

func call(ctx context.Context, c *connect.Client[value, value], v int64) (int64, error) {
	resp, err := c.CallUnary(ctx, connect.NewRequest(wrapperspb.Int64(v)))
	if err != nil {
		return 0, err
	}
	return resp.Msg.Value, nil
}

// inMemory runs f in a bubble with a client of h that needs no network, so that time is synctest's.
func inMemory(t *testing.T, p protocol, h http.Handler, f func(t *testing.T, client *http.Client)) {
	synctest.Test(t, func(t *testing.T) {
		l := pipes{make(chan net.Conn), make(chan bool)}
		s := &http.Server{Handler: h, Protocols: new(http.Protocols)}
		s.Protocols.SetHTTP1(true)
		s.Protocols.SetUnencryptedHTTP2(true)
		go s.Serve(l)
		client := p.client(t)
		client.Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) {
			a, b := net.Pipe()
			l.conns <- b
			return a, nil
		}
		f(t, client)
		client.CloseIdleConnections()
		s.Close()
	})
}

// pipes is a listener for connections in memory.
type pipes struct {
	conns  chan net.Conn
	closed chan bool
}

func (l pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
func (l pipes) Close() error   { close(l.closed); return nil }
func (l pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }
