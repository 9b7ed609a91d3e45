package retrysim

import "time"

// SetPatience changes how long a foreign Backoff may take, until the returned function is called.
func SetPatience(d time.Duration) func() {
	old := patience
	patience = d
	return func() { patience = old }
}
