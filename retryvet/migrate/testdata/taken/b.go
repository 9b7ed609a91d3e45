package taken

import again "github.com/avast/retry-go/v4"

type d struct{ errs []error }

// The file that helpers are added to is there already, with one of them.
func (d *d) Both(f func() error) error {
	return (again.Do)(f, again.Attempts(2), again.OnRetry(func(n uint, err error) { d.errs = append(d.errs, err) }))
}
