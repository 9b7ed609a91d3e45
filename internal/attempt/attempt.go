// Package attempt lets the adapters of package retry say which attempt a context belongs to, where
// they learn it from elsewhere, such as the header of a request that another program retries.
package attempt

import "context"

// With returns ctx with an attempt's number, as retry.Attempt will return it. Package retry sets it.
var With func(ctx context.Context, number int) context.Context
