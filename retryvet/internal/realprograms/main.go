// This program rewrites open-source modules that use other retry libraries, as the module proxy has them. It builds and tests
// each before and after, runs retryvet's analyzers on the result, and compares all of that with what docs/migrating.md says.
// It is run in the folder retryvet:
//
//	go run ./internal/realprograms                  all of it: half an hour or more
//	go run ./internal/realprograms -counts          only what becomes of the uses
//	go run ./internal/realprograms -keep /tmp/x     leave the rewritten modules, and a diff of each, in a folder
//	go run ./internal/realprograms rekor goose      only modules with one of these in their paths
//
// It needs the module proxy, and runs the tests of these modules: nothing else of CI does either.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	counts := flag.Bool("counts", false, "only count what becomes of the uses; build and test nothing")
	keep := flag.String("keep", "", "the `folder` to leave the rewritten modules in, each beside its diff and list")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ok, err := run(ctx, *counts, *keep, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "realprograms:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

func run(ctx context.Context, counts bool, keep string, only []string) (ok bool, err error) {
	dir := keep
	if keep == "" {
		if dir, err = os.MkdirTemp("", "realprograms-"); err != nil {
			return false, err
		}
		defer os.RemoveAll(dir)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return false, err
	}
	retryvet, err := output(ctx, ".", nil, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/callagain/retry/retryvet")
	if err != nil {
		return false, err
	}
	w := &workshop{dir: dir, root: filepath.Dir(retryvet), tool: filepath.Join(dir, "retryvet")}
	if _, err := output(ctx, ".", nil, "go", "build", "-o", w.tool, "github.com/callagain/retry/retryvet"); err != nil {
		return false, err
	}
	ok = true
	for _, p := range programs {
		if len(only) > 0 && !slices.ContainsFunc(only, func(part string) bool { return strings.Contains(p.module, part) }) {
			continue
		}
		wrong, err := w.program(ctx, p, counts)
		if err != nil {
			return false, fmt.Errorf("%s: %w", p.module, err)
		}
		for _, text := range wrong {
			ok = false
			fmt.Println("  WRONG:", text)
		}
	}
	return ok, nil
}
