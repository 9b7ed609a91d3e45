package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	classifier "github.com/google/licenseclassifier/v2"
	"github.com/google/licenseclassifier/v2/assets"
)

// mayUse are the licenses of modules that may be part of a program under any license, ours and its users', as long as
// their notice goes with it.
var mayUse = []string{"MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "ISC", "MPL-2.0", "CC-BY-4.0", "FTL"}

// chosen are the licenses of modules that offer several.
var chosen = map[string]string{"github.com/golang/freetype": "FTL"} // or the GPL

var licenseFile = regexp.MustCompile(`(?i)^(licen[sc]e|copying)(\.(txt|md))?$`)

// licenses prints which modules the packages of ours bring to their users, on any of the usual systems, with their
// licenses, and fails if one isn't among those that mayUse has.
func licenses(ctx context.Context, root string) error {
	ms, err := findModules(root)
	if err != nil {
		return err
	}
	users := make(map[string][]string) // of a module and its folder: those of ours that need it
	for _, m := range ms {
		if !m.published {
			continue
		}
		for _, system := range []string{"linux", "darwin", "windows"} {
			out, err := outputWith(ctx, filepath.Join(root, m.dir), []string{"GOOS=" + system, "CGO_ENABLED=0"}, "go", "list", "-deps", "-f",
				"{{with .Module}}{{if .Version}}{{if not .Replace}}{{.Path}}@{{.Version}}\t{{.Dir}}{{end}}{{end}}{{end}}", "./...")
			if err != nil {
				return err
			}
			for _, line := range lines(out) {
				if !slices.Contains(users[line], m.path) {
					users[line] = append(users[line], m.path)
				}
			}
		}
	}
	classifier, err := assets.DefaultClassifier()
	if err != nil {
		return err
	}
	var bad []string
	for _, line := range slices.Sorted(maps.Keys(users)) {
		name, dir, _ := strings.Cut(line, "\t")
		found, err := license(classifier, dir)
		if err != nil {
			return err
		}
		path, _, _ := strings.Cut(name, "@")
		if one := chosen[path]; one != "" {
			found = []string{one}
		}
		fmt.Printf("%-70s %-14s %s\n", name, strings.Join(found, ", "), strings.ReplaceAll(strings.Join(users[line], " "), "github.com/callagain/retry/", ""))
		if len(found) == 0 || slices.ContainsFunc(found, func(l string) bool { return !slices.Contains(mayUse, l) }) {
			bad = append(bad, fmt.Sprintf("%s has %q", name, found))
		}
	}
	if bad != nil {
		return fmt.Errorf("not all licenses are among %s: %s", strings.Join(mayUse, ", "), strings.Join(bad, "; "))
	}
	return nil
}

// license returns the names of the licenses that the files in dir have.
func license(classifier *classifier.Classifier, dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if !licenseFile.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		for _, m := range classifier.Match(text).Matches {
			if m.MatchType == "License" && !slices.Contains(names, m.Name) {
				names = append(names, m.Name)
			}
		}
	}
	return names, nil
}
