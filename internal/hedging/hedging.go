// Package hedging lets the adapters of package retry hedge what outlives the hedge's return, such as an HTTP response whose body is
// still to be read. It is of no use to anybody else.
package hedging

import "context"

// Do is retry.Hedge with settings, which are a retry.HedgeSettings, except that the context of the attempt whose value is
// returned goes on until release is called. Release is never nil, and may be called more than once. Package retry sets Do.
var Do func(ctx context.Context, settings any, f func(context.Context) (any, error)) (value any, release func(), err error)
