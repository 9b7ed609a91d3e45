// Package promises holds, as tests, what a caller of a retry library counts on: one scenario for each promise, written
// once and run on every library of package peers.
//
// A test fails only if this repository's library breaks a promise. What the others do is reported as found:
// the command at the module's root prints it as a table.
package promises
