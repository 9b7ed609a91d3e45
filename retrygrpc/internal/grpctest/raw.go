package grpctest

import (
	"bytes"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/callagain/retry/internal/ownport"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// Raw is a server that speaks HTTP/2 by hand, to say what grpc-go's server can't be made to say.
type Raw struct {
	Addr string
	// Answer is called with the number of each request, from 1, on any connection, when all of it has arrived.
	Answer func(n int64, s RawStream)
	n      atomic.Int64
	l      net.Listener
}

// Close makes the server take no more connections: they are refused, and nobody else gets its port before the test ends.
func (r *Raw) Close() { r.l.Close() }

// RawStream is what a request can be answered with.
type RawStream struct {
	Framer *http2.Framer
	ID     uint32
	Conn   net.Conn
}

// NewRaw serves on loopback until the test ends.
func NewRaw(t testing.TB, answer func(int64, RawStream)) *Raw {
	l := ownport.Listen(t)
	r := &Raw{Addr: l.Addr().String(), Answer: answer, l: l}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			go r.serve(c)
		}
	}()
	return r
}

func (r *Raw) serve(c net.Conn) {
	defer c.Close()
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(c, preface); err != nil {
		return
	}
	f := http2.NewFramer(c, c)
	if f.WriteSettings() != nil {
		return
	}
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				f.WriteSettingsAck()
			}
		case *http2.PingFrame:
			if !frame.IsAck() {
				f.WritePing(true, frame.Data)
			}
		case *http2.DataFrame:
			if frame.StreamEnded() {
				r.Answer(r.n.Add(1), RawStream{f, frame.StreamID, c})
			}
		}
	}
}

// Headers sends a HEADERS frame.
func (s RawStream) Headers(end bool, fields ...string) {
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	for i := 0; i < len(fields); i += 2 {
		enc.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	s.Framer.WriteHeaders(http2.HeadersFrameParam{StreamID: s.ID, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: end})
}

// Message sends a message.
func (s RawStream) Message(v int64) {
	b, err := proto.Marshal(wrapperspb.Int64(v))
	if err != nil {
		panic(err)
	}
	s.Framer.WriteData(s.ID, false, append([]byte{0, 0, 0, 0, byte(len(b))}, b...))
}

// OK answers a unary call.
func (s RawStream) OK(v int64) {
	s.Headers(false, ":status", "200", "content-type", "application/grpc")
	s.Message(v)
	s.Headers(true, "grpc-status", "0")
}
