// Package retrynats makes calls that survive the process: a call made by a [Function] is stored before it is accepted, and each of its
// attempts, delays and failures is too, so that any process that has registered the function continues it where it was. When and
// whether to retry is decided by a [retry.Policy], as everywhere.
//
// Calls are stored in NATS JetStream: in a directory, by a server that is part of this process, or in a cluster.
// The program is the same. An attempt may be made more than once, when a process dies in the middle of it, so what it does should be
// harmless when repeated: give the key of the call to whoever is called, as an idempotency key.
package retrynats
