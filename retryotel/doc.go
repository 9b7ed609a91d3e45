// Package retryotel reports the attempts and calls of package retry to OpenTelemetry: a span for each attempt, a few metrics of low
// cardinality, and the resend count of HTTP requests.
//
//	policy = retryotel.Instrument(policy, retryotel.Settings{})
//
// Logs need nothing of this package: [retry.Log] with a handler of otelslog carries the ids of trace and span.
package retryotel
