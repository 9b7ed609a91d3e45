//go:build !race

package retrydebug

import (
	"context"
	"testing"

	"github.com/callagain/retry"
)

func TestAllocationsOfWatch(t *testing.T) {
	p := New(Settings{}).Watch(retry.Policy{Name: "search"})
	f := func(context.Context) error { return nil }
	if n := testing.AllocsPerRun(1000, func() { retry.Do(context.Background(), p, f) }); n != 0 {
		t.Errorf("a success at the first attempt allocates %v times", n)
	}
}
