package retryconnect

import (
	"io"
	"net"
	"strings"
	"syscall"

	"connectrpc.com/connect"
	"github.com/callagain/retry/internal/errtree"
)

// A fate is what is known of an attempt that failed.
type fate int

const (
	lost     fate = iota // it may have taken effect
	unsent               // no server has seen it, or one has refused to look at it
	answered             // the server says that it failed
)

// fate returns what became of an attempt that failed with err. When in doubt, it is lost.
func (c *call) fate(err error) fate {
	e := errorOf(err)
	switch {
	case e == nil:
		return lost
	case !connect.IsWireError(e):
		if neverSent(e) {
			return unsent
		}
		return lost
	case c.peer.Protocol == connect.ProtocolConnect && c.spec.StreamType == connect.StreamTypeUnary && !signed(e):
		return lost
	}
	switch e.Code() {
	case connect.CodeUnknown, connect.CodeInternal, connect.CodeDataLoss, connect.CodeDeadlineExceeded, connect.CodeCanceled:
		return lost // not every answer says that nothing has happened
	}
	if e.Meta().Get("L5d-Proxy-Error") != "" {
		return lost // Linkerd answered in place of the server
	}
	// So did Envoy (envoyproxy/envoy#39800). It had no connection, or no room for another request, or else it doesn't know.
	if reason, envoy := strings.CutPrefix(e.Message(), "upstream connect error or disconnect/reset before headers"); envoy {
		if strings.Contains(reason, "connection failure") || strings.Contains(reason, "reset reason: overflow") {
			return unsent
		}
		return lost
	}
	return answered
}

// signed reports whether e, an error of a unary call of the Connect protocol, comes from a handler. Any JSON will do for connect-go, which takes
// the code from the HTTP status if the JSON has none, so that a gateway's {"message": "no healthy upstream"} looks like a handler's
// word. But connect-go's handlers say which encodings they accept, and nobody else has details or gRPC's pushback.
func signed(e *connect.Error) bool {
	_, accepts := e.Meta()["Accept-Encoding"]
	return accepts || len(e.Details()) > 0 || e.Meta()[pushbackKey] != nil
}

// neverSent reports whether there was no connection, or the stream was refused by RST_STREAM(REFUSED_STREAM). net/http retries
// the latter itself for a while, and has no type for it.
func neverSent(err error) bool {
	if op, ok := errtree.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return true
	}
	return strings.HasSuffix(err.Error(), "; REFUSED_STREAM; received from peer")
}

// brokenOff reports whether a call failed for want of a connection, or was broken off from the other side. connect-go
// has several codes for that; a connection that was reset is CodeCanceled.
func brokenOff(err error) bool {
	if _, ok := errtree.AsType[*net.OpError](err); ok {
		return true
	}
	for _, target := range []error{io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errtree.Is(err, target) {
			return true
		}
	}
	text := err.Error()
	return strings.HasSuffix(text, "; INTERNAL_ERROR; received from peer") || strings.HasSuffix(text, "; NO_ERROR; received from peer") ||
		strings.Contains(text, "http2: server sent GOAWAY and closed the connection")
}
