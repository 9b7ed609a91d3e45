package lost

import "github.com/callagain/retry"

func noImport(err error) bool {
	return err == retry.ErrExhausted // want `retry.ErrExhausted is always wrapped`
}
