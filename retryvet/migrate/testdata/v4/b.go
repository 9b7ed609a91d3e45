package v4

import "github.com/cenkalti/backoff/v4"

func Stopped(retry func() error) error {
	return backoff.Retry(retry, &backoff.StopBackOff{})
}
