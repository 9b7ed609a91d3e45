//go:build race

package retrysim_test

// raced says that the race detector is on. A simulation is one goroutine, so the statistics run a part of their cases then.
const raced = true
