// Package grpctest has what the tests of retrygrpc call: a service without generated code, and a proxy that cuts
// connections.
package grpctest

import (
	"context"
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// The methods of the service. All of them take and return google.protobuf.Int64Value.
const (
	Add    = "/callagain.test.Counter/Add"    // unary
	Put    = "/callagain.test.Counter/Put"    // unary, idempotency_level = IDEMPOTENT
	Get    = "/callagain.test.Counter/Get"    // unary, idempotency_level = NO_SIDE_EFFECTS
	List   = "/callagain.test.Counter/List"   // the server sends a stream, NO_SIDE_EFFECTS
	Watch  = "/callagain.test.Counter/Watch"  // the server sends a stream
	Upload = "/callagain.test.Counter/Upload" // the client sends a stream, IDEMPOTENT
	Chat   = "/callagain.test.Counter/Chat"   // both do, IDEMPOTENT
)

func init() {
	value := proto.String(".google.protobuf.Int64Value")
	method := func(path string, level descriptorpb.MethodOptions_IdempotencyLevel, client, server bool) *descriptorpb.MethodDescriptorProto {
		return &descriptorpb.MethodDescriptorProto{
			Name: proto.String(path[strings.LastIndex(path, "/")+1:]), InputType: value, OutputType: value,
			ClientStreaming: &client, ServerStreaming: &server,
			Options: &descriptorpb.MethodOptions{IdempotencyLevel: &level},
		}
	}
	const unknown, same, none = descriptorpb.MethodOptions_IDEMPOTENCY_UNKNOWN, descriptorpb.MethodOptions_IDEMPOTENT, descriptorpb.MethodOptions_NO_SIDE_EFFECTS
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("callagain/test/counter.proto"), Package: proto.String("callagain.test"), Syntax: proto.String("proto3"),
		Dependency: []string{"google/protobuf/wrappers.proto"},
		Service: []*descriptorpb.ServiceDescriptorProto{{Name: proto.String("Counter"), Method: []*descriptorpb.MethodDescriptorProto{
			method(Add, unknown, false, false),
			method(Put, same, false, false),
			method(Get, none, false, false),
			method(List, none, false, true),
			method(Watch, unknown, false, true),
			method(Upload, same, true, false),
			method(Chat, same, true, true),
		}}},
	}, protoregistry.GlobalFiles)
	if err != nil {
		panic(err)
	}
	if err := protoregistry.GlobalFiles.RegisterFile(file); err != nil {
		panic(err)
	}
}

// Service is what a server does. A method that it lacks does nothing and returns what it was given.
type Service struct {
	Unary  func(ctx context.Context, method string, n int64) (int64, error)
	Stream func(method string, s grpc.ServerStream) error
}

// Register registers the service with a server.
func (s Service) Register(server *grpc.Server) {
	desc := grpc.ServiceDesc{ServiceName: "callagain.test.Counter", HandlerType: (*any)(nil)}
	for _, path := range []string{Add, Put, Get} {
		handle := func(ctx context.Context, in any) (any, error) {
			n := in.(*wrapperspb.Int64Value).Value
			if s.Unary == nil {
				return wrapperspb.Int64(n), nil
			}
			n, err := s.Unary(ctx, path, n)
			return wrapperspb.Int64(n), err
		}
		desc.Methods = append(desc.Methods, grpc.MethodDesc{MethodName: path[strings.LastIndex(path, "/")+1:],
			Handler: func(_ any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
				in := new(wrapperspb.Int64Value)
				if err := decode(in); err != nil {
					return nil, err
				}
				if interceptor == nil {
					return handle(ctx, in)
				}
				return interceptor(ctx, in, &grpc.UnaryServerInfo{FullMethod: path}, handle)
			}})
	}
	for _, path := range []string{List, Watch, Upload, Chat} {
		desc.Streams = append(desc.Streams, grpc.StreamDesc{StreamName: path[strings.LastIndex(path, "/")+1:],
			ServerStreams: path != Upload, ClientStreams: path == Upload || path == Chat,
			Handler: func(_ any, stream grpc.ServerStream) error {
				if s.Stream == nil {
					return nil
				}
				return s.Stream(path, stream)
			}})
	}
	server.RegisterService(&desc, nil)
}

// Serve serves the service on loopback until the test ends, and returns the server and its address.
func Serve(t testing.TB, s Service, opts ...grpc.ServerOption) (*grpc.Server, string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ServeOn(t, l, s, opts...), l.Addr().String()
}

// ServeOn serves the service on l until the test ends.
func ServeOn(t testing.TB, l net.Listener, s Service, opts ...grpc.ServerOption) *grpc.Server {
	server := grpc.NewServer(opts...)
	s.Register(server)
	go server.Serve(l)
	t.Cleanup(server.Stop)
	return server
}

// Dial returns a client of the target. It is closed when the test ends.
func Dial(t testing.TB, target string, opts ...grpc.DialOption) *grpc.ClientConn {
	conn, err := grpc.NewClient(target, append([]grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// Call calls a unary method.
func Call(ctx context.Context, conn grpc.ClientConnInterface, method string, n int64, opts ...grpc.CallOption) (int64, error) {
	out := new(wrapperspb.Int64Value)
	err := conn.Invoke(ctx, method, wrapperspb.Int64(n), out, opts...)
	return out.Value, err
}

// Open begins a stream. For List and Watch it sends n, as generated code does.
func Open(ctx context.Context, conn grpc.ClientConnInterface, method string, n int64, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	one := method == List || method == Watch
	s, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: method != Upload, ClientStreams: !one}, method, opts...)
	if err != nil || !one {
		return s, err
	}
	if err := s.SendMsg(wrapperspb.Int64(n)); err != nil {
		return nil, err
	}
	return s, s.CloseSend()
}

// A Receiver is either side of a stream.
type Receiver interface{ RecvMsg(any) error }

// Recv receives a message.
func Recv(s Receiver) (int64, error) {
	out := new(wrapperspb.Int64Value)
	err := s.RecvMsg(out)
	return out.Value, err
}
