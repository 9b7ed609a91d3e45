// Package retryhttp retries HTTP requests: those that may safely be sent twice, after failures that may pass, and no sooner than the
// server asks.
//
// [NewClient] returns an ordinary [http.Client] that does so; [Transport] is the same as an [http.RoundTripper] over any other. [Fetch]
// makes the request and the decoding of its answer one attempt, and [Download] goes on where a connection broke. [Classify], [Hint],
// [Check], [Transient], [Network] and [Status] are the parts, for functions given to [retry.Do] and for policies.
//
// On the server's side, [Middleware] tells handlers which attempt they serve, and [RetryLater] and [DoNotRetry] answer when there
// is too much to do.
package retryhttp
