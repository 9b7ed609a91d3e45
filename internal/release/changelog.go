package main

import (
	"fmt"
	"strings"
	"time"
)

const unreleased = "## Unreleased\n"

// close gives the changelog's section of what isn't released the number of a version.
func closeChangelog(text, version string, day time.Time) (string, error) {
	before, after, ok := strings.Cut(text, unreleased)
	if !ok {
		return "", fmt.Errorf("CHANGELOG.md has no section %q", strings.TrimSpace(unreleased))
	}
	section, _, _ := strings.Cut(after, "\n## ")
	if strings.TrimSpace(section) == "" {
		return "", fmt.Errorf("CHANGELOG.md has nothing under %q: say what users of %s will notice", strings.TrimSpace(unreleased), version)
	}
	return fmt.Sprintf("%s## %s (%s)\n%s", before, strings.TrimPrefix(version, "v"), day.Format(time.DateOnly), after), nil
}

// openChangelog begins a new section of what isn't released, above the newest one.
func openChangelog(text string) string {
	before, after, _ := strings.Cut(text, "\n## ")
	return before + "\n" + unreleased + "\n## " + after
}
