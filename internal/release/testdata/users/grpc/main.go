// Grpc is a program of somebody who uses gRPC.
package main

import (
	"context"
	"fmt"
	"net"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrygrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

type health struct {
	grpc_health_v1.UnimplementedHealthServer
	calls int
}

func (h *health) Check(context.Context, *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	if h.calls++; h.calls < 3 {
		return nil, status.Error(codes.Unavailable, "starting up")
	}
	return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_SERVING}, nil
}

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	server, h := grpc.NewServer(), new(health)
	grpc_health_v1.RegisterHealthServer(server, h)
	go server.Serve(l)
	defer server.Stop()

	options := append(retrygrpc.DialOptions(retry.Policy{}), grpc.WithTransportCredentials(insecure.NewCredentials()))
	conn, err := grpc.NewClient(l.Addr().String(), options...)
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	answer, err := grpc_health_v1.NewHealthClient(conn).Check(context.Background(), new(grpc_health_v1.HealthCheckRequest))
	fmt.Println(h.calls, answer.GetStatus(), err)
}
