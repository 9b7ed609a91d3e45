//go:build !race

package retryconnect_test

import (
	"context"
	"net/http"
	"testing"

	"connectrpc.com/connect"
	"github.com/callagain/retry"
	"github.com/callagain/retry/retryconnect"
)

// A call that succeeds makes at most four allocations more than a plain client's.
func TestAllocs(t *testing.T) {
	each(t, func(t *testing.T, p protocol) {
		allocs := func(interceptors ...connect.Interceptor) float64 {
			url := serve(t, service{unary: func(_ context.Context, _ http.Header, v int64) (int64, error) { return v, nil }}.handler())
			client := p.dial(t, url, add, interceptors...)
			one := func() {
				if _, err := call(t.Context(), client, 1); err != nil {
					t.Fatal(err)
				}
			}
			one()
			// The server's are counted, too, and so is what runs beside: the least of several runs is the call's.
			var least float64
			for i := range 5 {
				if n := testing.AllocsPerRun(50, one); i == 0 || n < least {
					least = n
				}
			}
			return least
		}
		base := allocs()
		more := allocs(retryconnect.NewInterceptor(retry.Policy{})) - base
		t.Logf("%+.0f allocations beside the %.0f of a plain call, the server's included", more, base)
		if more > 4 {
			t.Errorf("%.0f allocations more than a plain call, want 4 at most", more)
		}
	})
}
