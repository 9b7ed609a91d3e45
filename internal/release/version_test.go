package main

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/exp/apidiff"
)

func TestVersionsFollowEachOther(t *testing.T) {
	for _, c := range []struct{ last, version, wrong string }{
		{"", "v0.1.0", ""},
		{"v0.1.0", "v0.1.1", ""},
		{"v0.2.0-rc.1", "v0.2.0", ""},
		{"v0.9.0", "v0.10.0", ""},
		{"v0.9.0", "v1.0.0", ""},
		{"v0.1.0", "v0.1.0", "doesn't come after"},
		{"v0.2.0", "v0.2.0-rc.1", "doesn't come after"},
		{"", "0.1.0", "isn't a version"},
		{"", "v0.1", "isn't a version"},
		{"", "v0.1.0+x", "isn't a version"},
		{"", "v0.0.0-20260101000000-0123456789ab", "commit"},
		{"v1.0.0", "v2.0.0", "major"},
	} {
		err := mayFollow("x.org/m/a", c.last, c.version)
		if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s after %q: %v; want %q", c.version, c.last, err, c.wrong)
		}
	}
}

func TestWhatAVersionMayChange(t *testing.T) {
	adds := []apidiff.Change{{Message: "F: added", Compatible: true}}
	breaks := []apidiff.Change{{Message: "F: removed"}}
	for _, c := range []struct {
		last, version string
		changes       []apidiff.Change
		may           bool
	}{
		{"v0.1.0", "v0.1.1", nil, true},
		{"v0.1.0", "v0.1.1", adds, false},
		{"v0.1.0", "v0.2.0", breaks, true},
		{"v0.2.0-rc.1", "v0.2.0", breaks, true},
		{"v0.9.0", "v1.0.0", breaks, true},
		{"v1.0.0", "v1.1.0", adds, true},
		{"v1.0.0", "v1.1.0", breaks, false},
		{"v0.1.0", "", breaks, true}, // nobody has said yet what it will be
	} {
		if err := judge(c.last, c.version, c.changes); (err == nil) != c.may {
			t.Errorf("%s after %s with %v: %v", c.version, c.last, c.changes, err)
		}
	}
}

func TestChangelogIsClosedAndOpened(t *testing.T) {
	day := time.Date(2026, 12, 24, 0, 0, 0, 0, time.UTC)
	closed, err := closeChangelog("# Changelog\n\nText.\n\n## Unreleased\n\n- New.\n\n## 0.1.0 (2026-11-11)\n\n- Old.\n", "v0.2.0", day)
	if want := "# Changelog\n\nText.\n\n## 0.2.0 (2026-12-24)\n\n- New.\n\n## 0.1.0 (2026-11-11)\n\n- Old.\n"; err != nil || closed != want {
		t.Errorf("closed: %q, %v", closed, err)
	}
	if got, want := openChangelog(closed), "# Changelog\n\nText.\n\n## Unreleased\n\n## 0.2.0 (2026-12-24)\n\n- New.\n\n## 0.1.0 (2026-11-11)\n\n- Old.\n"; got != want {
		t.Errorf("opened: %q", got)
	}
	for _, text := range []string{"# Changelog\n\n## 0.1.0 (2026-11-11)\n\n- Old.\n", "# Changelog\n\n## Unreleased\n\n## 0.1.0 (2026-11-11)\n\n- Old.\n"} {
		if _, err := closeChangelog(text, "v0.2.0", day); err == nil {
			t.Errorf("a release with nothing to say: %q", text)
		}
	}
}
