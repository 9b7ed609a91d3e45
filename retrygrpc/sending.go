package retrygrpc

import (
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
)

// A sending is what came of sending the call once.
type sending struct {
	reply  proto.Message
	header metadata.MD
	probe  probe
	err    error
}

// shared returns opts without those that would have several sendings write to the same place.
func shared(opts []grpc.CallOption) []grpc.CallOption {
	return slices.DeleteFunc(slices.Clone(opts), func(o grpc.CallOption) bool {
		switch o.(type) {
		case grpc.HeaderCallOption, grpc.TrailerCallOption, grpc.PeerCallOption, grpc.OnFinishCallOption:
			return true
		}
		return false
	})
}

// deliver does what the options ask for that were left out.
func (s *sending) deliver(opts []grpc.CallOption) {
	for _, o := range opts {
		switch o := o.(type) {
		case grpc.HeaderCallOption:
			*o.HeaderAddr = s.header
		case grpc.TrailerCallOption:
			*o.TrailerAddr = s.probe.trailer
		case grpc.PeerCallOption:
			*o.PeerAddr = s.probe.peer
		case grpc.OnFinishCallOption:
			o.OnFinish(s.err)
		}
	}
}
