// Package retry calls a function again when it fails, after a delay that grows, and stops before the retries
// make an outage worse.
//
// A [Policy] says how often, how long to wait in between, and which failures to retry. Its zero value makes up to
// four attempts. [Do] and [Get] call a function and wait for the result. [Start] returns at once, and uses no goroutine
// while the call waits. [Loop] makes the attempts in the body of a range loop. [Hedge] makes a second attempt
// while the first one is still running.
//
// A call is the whole operation; an attempt is one run of the function. Attempts are numbered from 1. A delay comes
// before an attempt.
//
// A call that gives up returns an [*Error], which has the reason, the first failure and the latest ones. A failure that
// isn't retried is returned as it is.
//
// The files stand on each other in three layers. Policy.Next and what it needs decide, without a clock or a
// context. A call adds these. Do, Get, Loop and Start drive it.
package retry
