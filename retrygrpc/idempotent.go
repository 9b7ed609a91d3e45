package retrygrpc

import (
	"context"
	"strings"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// idempotent reports whether a call may be retried although it may have taken effect.
func (s *settings) isIdempotent(ctx context.Context, method string) bool {
	return s.idempotent != nil && s.idempotent(method) || hasKey(ctx) || declared(method)
}

// hasKey reports whether the metadata of the call has an idempotency key, by the names that HTTP APIs use.
func hasKey(ctx context.Context) bool {
	md, _ := metadata.FromOutgoingContext(ctx)
	return len(md["idempotency-key"]) > 0 || len(md["x-idempotency-key"]) > 0
}

// declared reports whether the method's descriptor is known and says that it is idempotent.
func declared(method string) bool {
	m := descriptor(method)
	if m == nil {
		return false
	}
	o, _ := m.Options().(*descriptorpb.MethodOptions)
	return o.GetIdempotencyLevel() != descriptorpb.MethodOptions_IDEMPOTENCY_UNKNOWN
}

// descriptor returns the method's descriptor, or nil if the generated code isn't part of the program.
func descriptor(method string) protoreflect.MethodDescriptor {
	name := strings.ReplaceAll(strings.TrimPrefix(method, "/"), "/", ".")
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
	if err != nil {
		return nil
	}
	m, _ := d.(protoreflect.MethodDescriptor)
	return m
}
