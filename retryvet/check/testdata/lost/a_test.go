package lost

import (
	"testing"

	"github.com/callagain/retry"
)

func TestIt(t *testing.T) {
	retry.Do(t.Context(), p, f)
}
