package retrygrpc

import (
	"slices"
	"strings"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// A fate is what is known of an attempt that failed.
type fate int

const (
	lost     fate = iota // it may have taken effect
	unsent               // no server has seen it, or one has refused to look at it
	answered             // the server says that it failed
)

// A probe finds out the fate of an attempt, by call options that grpc-go fills in at the attempt's end.
type probe struct {
	peer    peer.Peer   // set if there was a stream for the attempt, which is before anything is sent
	trailer metadata.MD // set if the server ended the stream with a status; perhaps not, if it had sent headers before
	ended   atomic.Bool // grpc-go itself has seen the options

	room [4]grpc.CallOption // for options, to save an allocation
}

// options returns those of the caller and those that fill in the probe.
func (p *probe) options(opts []grpc.CallOption) []grpc.CallOption {
	return slices.Clip(append(append(p.room[:0], opts...), grpc.Peer(&p.peer), grpc.Trailer(&p.trailer), grpc.OnFinish(p.end)))
}

func (p *probe) end(error) { p.ended.Store(true) }

// fate returns what became of an attempt that failed with st. When in doubt, it is lost. alone says that grpc-go
// makes no attempts of its own, but for those after a refusal.
func (p *probe) fate(st *status.Status, alone bool) fate {
	switch {
	case len(p.trailer) > 0:
		return answeredFate(st, p.trailer)
	case !p.ended.Load():
		// An interceptor further down didn't make the call, or kept the options from it.
		return lost
	case p.peer.Addr == nil:
		return unsent
	case st.Code() == codes.Unavailable && (refusals[st.Message()] || alone && strings.Contains(st.Message(), "rror while dialing")):
		// The peer is that of a stream that was refused; after it, there may have been no connection.
		return unsent
	}
	return lost
}

// refusals are grpc-go's own descriptions of streams that the server has refused: by RST_STREAM(REFUSED_STREAM), or by a
// GOAWAY with a lower stream number. grpc-go itself retries the first of them in each call, but not the second, and
// has no other way to tell. If a later version says it in other words, such an attempt is lost.
var refusals = map[string]bool{
	"stream terminated by RST_STREAM with error code: REFUSED_STREAM":  true,
	"the connection is draining":                                       true,
	"the stream is rejected because server is draining the connection": true,
}

// answeredFate returns the fate of an attempt that was answered. Not every answer says that nothing has happened.
func answeredFate(st *status.Status, trailer metadata.MD) fate {
	switch st.Code() {
	case codes.Unknown, codes.Internal, codes.DataLoss, codes.DeadlineExceeded, codes.Canceled:
		return lost
	}
	if len(trailer["l5d-proxy-error"]) > 0 {
		return lost // Linkerd answered in place of the server
	}
	// So did Envoy (envoyproxy/envoy#39800). It had no connection, or no room for another request, or else it doesn't know.
	if reason, envoy := strings.CutPrefix(st.Message(), "upstream connect error or disconnect/reset before headers"); envoy {
		if strings.Contains(reason, "connection failure") || strings.Contains(reason, "reset reason: overflow") {
			return unsent
		}
		return lost
	}
	return answered
}
