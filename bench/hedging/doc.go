// Package hedging puts hedged calls into the situations that hedging is for, and into those that it is feared for. It is all tests: what
// they find is told as their attributes, which command bench makes tables of.
//
// By default they run no hedging and this repository's, with one seed, and fail if a promise of docs/hedging.md is broken. With -all they
// run all libraries.
package hedging
