// Otel is a program of somebody who traces.
package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryotel"
)

func main() {
	attempts := 0
	policy := retryotel.Instrument(retry.Policy{Backoff: retry.Constant(0)}, retryotel.Settings{})
	err := retry.Do(context.Background(), policy, func(context.Context) error {
		if attempts++; attempts < 3 {
			return errors.New("not yet")
		}
		return nil
	})
	fmt.Println(attempts, err)
}
