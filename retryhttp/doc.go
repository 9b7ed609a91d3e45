// Package retryhttp makes HTTP requests again when they fail: those that may safely be sent
// twice, after the failures that are worth it, and no sooner than the server asks.
//
// [NewClient] returns an ordinary [http.Client] that does so; [Transport] is the same as an
// [http.RoundTripper] over any other. [Fetch] makes the request and the decoding of its answer
// one attempt. [Classify], [Hint], [Check] and the tests are the parts, for functions given to
// [retry.Do].
//
// On the server's side, [Middleware] tells handlers which attempt they serve, and [RetryLater]
// and [DoNotRetry] answer when there is too much to do.
package retryhttp
