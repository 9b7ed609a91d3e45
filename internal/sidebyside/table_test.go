package sidebyside

import (
	"slices"
	"testing"
)

// A row is whole when each column has an answer; the latest one counts.
func TestRows(t *testing.T) {
	table := Table{Columns: []string{"ours", "theirs"}}
	table.Saw("twice", "theirs", 41)
	table.Saw("twice", "theirs", 40)
	table.Saw("never", "ours", "no")
	table.Saw("twice", "ours", 0)
	if got := table.rows(false); !slices.Equal(got, []string{"| twice | 0 | 40 |"}) {
		t.Errorf("%q", got)
	}
}
