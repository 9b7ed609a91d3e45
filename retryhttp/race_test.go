//go:build race

package retryhttp_test

// raceEnabled makes the longest tests shorter: the detector makes them ten times as slow.
const raceEnabled = true
