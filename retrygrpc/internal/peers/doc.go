// Package peers runs retrygrpc beside the other ways to retry gRPC calls, and measures what it costs. It is a module of its own,
// so that retrygrpc needs none of them.
package peers
