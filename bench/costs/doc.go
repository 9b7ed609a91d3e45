// Package costs holds the benchmarks of this repository's library beside the others and beside a loop written by hand.
//
// Each is used in the form that its documentation shows, with what may be shared by calls built once. The command at the
// module's root turns their output into tables:
//
//	go test -run '^$' -bench . ./bench/costs
package costs
