package retryhttp

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http/httptrace"
	"reflect"
	"sync/atomic"
	"syscall"

	"github.com/callagain/retry/internal/errtree"
)

// A proof is what net/http/httptrace tells of an attempt beside its error.
//
// That a connection was asked for and none was had proves that the request was never sent. The error alone doesn't: a TLS
// handshake that breaks looks like an answer that breaks, and an attempt's own time may end in either. That the handshake
// ended with an error that isn't of the network proves that one of the two refuses the other, such as a certificate that the
// user's own VerifyConnection doesn't accept.
type proof struct {
	hooks      httptrace.ClientTrace
	asked, got atomic.Bool
	handshake  atomic.Pointer[error] // how the last one failed
	alone      bool                  // no other trace is mixed into hooks
}

// watch returns a proof, and the context of the request that it is of.
func (t *Transport) watch(ctx context.Context) (*proof, context.Context) {
	p, _ := t.proofs.Get().(*proof)
	alone := httptrace.ContextClientTrace(ctx) == nil // or WithClientTrace changes hooks
	if p == nil || !alone {
		p = &proof{alone: alone}
		p.hooks = httptrace.ClientTrace{GetConn: p.getConn, GotConn: p.gotConn, TLSHandshakeDone: p.handshakeDone}
	}
	p.asked.Store(false)
	p.got.Store(false)
	p.handshake.Store(nil)
	return p, httptrace.WithClientTrace(ctx, &p.hooks)
}

func (p *proof) getConn(string)                { p.asked.Store(true) }
func (p *proof) gotConn(httptrace.GotConnInfo) { p.got.Store(true) }

func (p *proof) handshakeDone(_ tls.ConnectionState, err error) {
	if err != nil {
		p.handshake.Store(&err)
	}
}

// done puts back a proof that is no longer needed. One of an attempt that failed without a connection isn't used again, since it
// may yet be told of something. So may others: a dial that goes on without its request reports its handshake, which is why
// refused asks for the error itself.
func (t *Transport) done(p *proof, answered bool) {
	if p != nil && p.alone && (answered || p.got.Load()) {
		t.proofs.Put(p)
	}
}

// unsent reports whether no connection was had.
func (p *proof) unsent() bool { return p != nil && p.asked.Load() && !p.got.Load() }

// refused returns err as a failure that is Permanent, if it is that of a TLS handshake that one of the two refuses, or of a proxy
// that refuses to CONNECT.
func (p *proof) refused(err error) error {
	if !p.unsent() {
		return err
	}
	h := p.handshake.Load()
	if h == nil {
		if refusing(err) {
			return &refusedConnection{err}
		}
		return err
	}
	is := func(e error) bool { return e == *h }
	if !reflect.ValueOf(*h).Comparable() {
		is = func(e error) bool { return reflect.TypeOf(e) == reflect.TypeOf(*h) }
	}
	same, network := false, false
	errtree.Walk(err, func(e error, _ bool, within bool) (bool, bool) {
		within = within || is(e)
		same = same || within
		network = network || within && isNetwork(e)
		return within, !network
	})
	if same && !network {
		return &refusedConnection{err}
	}
	return err
}

// isNetwork reports whether err itself may be that of a connection that broke, or took too long.
func isNetwork(err error) bool {
	switch err.(type) {
	case net.Error, syscall.Errno:
		return true
	}
	return err == io.EOF || err == io.ErrUnexpectedEOF || err == context.Canceled || err == net.ErrClosed
}

// A refusedConnection is the failure to connect that would be the same again.
type refusedConnection struct{ error }

func (e *refusedConnection) Unwrap() error { return e.error }
