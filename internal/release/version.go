package main

import (
	"context"
	"fmt"

	mod "golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// lastVersion returns the highest version that the root is tagged with, "" if there is none.
func lastVersion(ctx context.Context, root string) (string, error) {
	out, err := output(ctx, root, "git", "tag", "--list", "v*")
	if err != nil {
		return "", err
	}
	last := ""
	for _, tag := range lines(out) {
		if semver.Canonical(tag) == tag && semver.Compare(tag, last) > 0 {
			last = tag
		}
	}
	return last, nil
}

// mayFollow fails if version isn't one of the module at path that may come after last.
func mayFollow(path, last, version string) error {
	if semver.Canonical(version) != version || semver.Build(version) != "" {
		return fmt.Errorf("%q isn't a version; write it as v0.1.0 or v0.2.0-rc.1", version)
	}
	if mod.IsPseudoVersion(version) {
		return fmt.Errorf("%s looks like the version of a commit, not of a release", version)
	}
	if err := mod.Check(path, version); err != nil {
		return fmt.Errorf("%w (from v2 on, the major version is part of each module's path)", err)
	}
	if semver.Compare(version, last) <= 0 {
		return fmt.Errorf("%s doesn't come after %s, which is the last release", version, last)
	}
	return nil
}

// isPatch reports whether version only mends last, a release.
func isPatch(last, version string) bool {
	return last != "" && semver.Prerelease(last) == "" && semver.MajorMinor(last) == semver.MajorMinor(version)
}
