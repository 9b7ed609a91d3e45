package oddavast

import "github.com/avast/retry-go/v4"

type settings struct{ policy policy }

type policy struct{ retries uint }

// The file needs no import but the library's.
func (s settings) Do(f func() error) error {
	return retry.Do(f, retry.Attempts(s.policy.retries), retry.DelayType(retry.FixedDelay), retry.Delay(pause), retry.MaxDelay(pause))
}
