package proc

import "time"

// Awake waits for d, and reports whether it did, or whether done was closed first. It waits in steps: while this process is stopped, or
// the machine is, only one of them can pass.
func Awake(d time.Duration, done <-chan struct{}) bool {
	const steps = 10
	for range steps {
		select {
		case <-time.After(d / steps):
		case <-done:
			return false
		}
	}
	return true
}
