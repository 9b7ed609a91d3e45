package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
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
	for _, m := range ms {
		if m.published {
			if err := needsAll(ctx, dir, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// forTests are requirements of published libraries that only their tests have. Each is one too many: go mod tidy puts it
// into the go.sum of everybody who imports the library.
var forTests = map[string][]string{
	"retryotel": {
		"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp",
		"go.opentelemetry.io/otel/sdk", "go.opentelemetry.io/otel/sdk/metric",
	},
}

// needsAll fails if m, a library, requires a module that its users don't get anything from.
func needsAll(ctx context.Context, dir string, m *module) error {
	f, err := m.parse()
	if err != nil {
		return err
	}
	out, err := output(ctx, filepath.Join(dir, m.dir), "go", "list", "-deps", "-f", "{{if eq .Name \"main\"}}main{{else}}{{with .Module}}{{.Path}}{{end}}{{end}}", "./...")
	if err != nil {
		return err
	}
	uses := lines(out)
	if !slices.Contains(uses, m.path) {
		return nil // a program, which nobody imports
	}
	for _, r := range f.Require {
		if !r.Indirect && !slices.Contains(uses, r.Mod.Path) && !slices.Contains(forTests[m.dir], r.Mod.Path) {
			return fmt.Errorf("only tests of %s need %s: put them into a module of their own below %s/internal, or all its users get it", m.path, r.Mod.Path, m.dir)
		}
	}
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
