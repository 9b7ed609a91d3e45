package main

import (
	"context"
	"fmt"
	"path/filepath"
)

const govulncheck = "golang.org/x/vuln/cmd/govulncheck@v1.9.0"

// check looks at the tree as it is, and at what has changed in the API since the last release.
func check(ctx context.Context, root string) error {
	ms, err := findModules(root)
	if err != nil {
		return err
	}
	if err := checkTree(ctx, root, ms); err != nil {
		return err
	}
	if err := licenses(ctx, root); err != nil {
		return err
	}
	last, err := lastVersion(ctx, root)
	if err != nil {
		return err
	}
	return checkAPI(ctx, root, root, last, "", ms)
}

// checkTree fails if the modules below dir don't need the same Go, or if a go.mod or go.sum isn't tidy.
func checkTree(ctx context.Context, dir string, ms []*module) error {
	if err := sameGo(ms); err != nil {
		return err
	}
	for _, m := range ms {
		if _, err := output(ctx, filepath.Join(dir, m.dir), "go", "mod", "tidy", "-diff"); err != nil {
			return err
		}
	}
	fmt.Printf("%d modules are tidy and need the same Go\n", len(ms))
	return nil
}

// vulnerabilities asks the Go team's database about what the published modules call.
func vulnerabilities(ctx context.Context, root string) error {
	ms, err := findModules(root)
	if err != nil {
		return err
	}
	for _, m := range ms {
		if !m.published {
			continue
		}
		out, err := output(ctx, filepath.Join(root, m.dir), "go", "run", govulncheck, "./...")
		if err != nil {
			return err
		}
		fmt.Printf("%s: %s\n", m.path, out)
	}
	return nil
}
