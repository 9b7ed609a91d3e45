package retryconnect

import (
	"io"
	"net/http"
	"strconv"

	"connectrpc.com/connect"
	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/errtree"
	"github.com/callagain/retry/internal/rpc"
)

// An attempt is one stream of connect-go's.
type attempt struct {
	connect.StreamingClientConn
	rpc.Span
	over    bool       // it has failed; guarded by stream.mu
	failure chan error // of Send, if that is left to a goroutine
}

// begin makes the stream, with the header of the one before.
func (a *attempt) begin(open connect.StreamingClientFunc, spec connect.Spec, before http.Header) {
	a.StreamingClientConn = open(a.Ctx, spec)
	header := a.RequestHeader()
	for k, v := range before {
		if k != "Connect-Timeout-Ms" && k != "Grpc-Timeout" { // what was left then
			header[k] = v
		}
	}
	header[attemptsKey] = []string{strconv.Itoa(retry.Attempt(a.Ctx) - 1)}
}

// resend sends what the caller has sent so far.
func (a *attempt) resend(sent []any, closed bool) {
	for _, m := range sent {
		if a.Send(m) != nil {
			return // Receive says why
		}
	}
	if closed {
		a.CloseRequest()
	}
}

// receive receives a message, or says why the one that was to be sent couldn't be.
func (a *attempt) receive(m any) error {
	err := a.Receive(m)
	if err != nil {
		select {
		case failure := <-a.failure:
			if failure != nil && !errtree.Is(failure, io.EOF) {
				return failure
			}
		default:
		}
	}
	return err
}

// late is the failure of an attempt that ended with its context.
func late(err error) error { return connect.NewError(connect.CodeDeadlineExceeded, err) }
