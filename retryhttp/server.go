package retryhttp

import (
	"net/http"
	"strconv"
	"time"

	numbers "github.com/callagain/retry/internal/attempt"
)

// AttemptHeader is the request header in which a [Transport] with SendAttempt tells the server
// the number of an attempt, a decimal from 2; the first attempt has none. [Middleware] reads
// it.
//
// No standard has one. The name is new so that it can't be taken for another: Retry-Attempt
// (Microsoft Graph) and Grpc-Previous-Rpc-Attempts count retries, one less, and
// X-Envoy-Attempt-Count is set, and removed, by proxies on the way.
const AttemptHeader = "Attempt-Number"

// Middleware returns a handler that gives the request's context the number of the client's
// attempt, so that [retry.Attempt] returns it in next and in what next calls: work that is
// already being retried further out should try less hard itself. What isn't a number from 2 to
// 999999 counts as a first attempt. Any client can send any number, so nothing should depend on
// it that a client must not choose.
func Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s := r.Header.Get(AttemptHeader); len(s) <= 6 {
			if n, ok := digits(s); ok && n > 1 {
				r = r.WithContext(numbers.With(r.Context(), int(n)))
			}
		}
		next.ServeHTTP(w, r)
	})
}

// RetryLater answers that there is too much to do, with status 503, and asks the client to come
// back after d, rounded up to a second. A d that isn't positive asks for no wait in particular.
func RetryLater(w http.ResponseWriter, d time.Duration) {
	if d > 0 {
		whole := d / time.Second
		if d%time.Second > 0 {
			whole++
		}
		w.Header().Set("Retry-After", strconv.FormatInt(int64(whole), 10))
	}
	http.Error(w, "overloaded, please retry later", http.StatusServiceUnavailable)
}

// DoNotRetry answers that there is too much to do, with status 503, and asks the client not to
// come back with this request: a retry would make it worse. It says so in the header
// X-Should-Retry: false, which the clients of several public APIs obey, too.
func DoNotRetry(w http.ResponseWriter) {
	w.Header().Set(shouldRetryHeader, "false")
	http.Error(w, "overloaded, please do not retry", http.StatusServiceUnavailable)
}

const shouldRetryHeader = "X-Should-Retry"
