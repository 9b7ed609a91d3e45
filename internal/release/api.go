package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/exp/apidiff"
	"golang.org/x/mod/semver"
	"golang.org/x/tools/go/packages"
)

// checkAPI prints what has changed in the published API between last and the tree in dir, and fails if version may not
// change it. Version is empty if it isn't known yet.
func checkAPI(ctx context.Context, root, dir, last, version string, ms []*module) error {
	if last == "" {
		fmt.Println("there is no release yet to compare the API with")
		return nil
	}
	old, remove, err := cloneOf(ctx, root, "refs/tags/"+last)
	if err != nil {
		return err
	}
	defer remove()
	proxy, err := os.MkdirTemp("", "release-proxy-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(proxy)
	if err := proxyOfTags(ctx, root, last, proxy); err != nil {
		return err
	}
	from, err := useProxy(ctx, proxy)
	if err != nil {
		return err
	}
	defer from.remove()

	var changes []apidiff.Change
	for _, m := range ms {
		if !m.published {
			continue
		}
		before := &apidiff.Module{Path: m.path}
		if _, err := os.Stat(filepath.Join(old, m.dir, "go.mod")); err == nil {
			if before, err = api(ctx, m.path, filepath.Join(old, m.dir), from.env); err != nil {
				return err
			}
		}
		after, err := api(ctx, m.path, filepath.Join(dir, m.dir), nil)
		if err != nil {
			return err
		}
		changes = append(changes, apidiff.ModuleChanges(before, after).Changes...)
	}
	return judge(last, version, changes)
}

// api returns the packages of the module in dir that others may import.
func api(ctx context.Context, path, dir string, env []string) (*apidiff.Module, error) {
	found, err := packages.Load(&packages.Config{
		Context: ctx, Dir: dir, Env: append(append(os.Environ(), "GOWORK=off"), env...),
		Mode: packages.NeedName | packages.NeedTypes | packages.NeedImports | packages.NeedDeps,
	}, "./...")
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", dir, err)
	}
	all := &apidiff.Module{Path: path}
	for _, p := range found {
		for _, e := range p.Errors {
			err = errors.Join(err, e)
		}
		if p.Name != "main" && !strings.Contains("/"+p.PkgPath+"/", "/internal/") {
			all.Packages = append(all.Packages, p.Types)
		}
	}
	return all, err
}

// judge prints the changes since last and fails if version may not have them: a patch changes nothing in the API, and
// from v1 on nothing takes away what there was.
func judge(last, version string, changes []apidiff.Change) error {
	if len(changes) == 0 {
		fmt.Printf("the API is that of %s\n", last)
		return nil
	}
	breaks := 0
	fmt.Printf("since %s the API has changed:\n", last)
	for _, c := range changes {
		mark := "+"
		if !c.Compatible {
			mark = "!"
			breaks++
		}
		fmt.Printf("  %s %s\n", mark, c.Message)
	}
	switch {
	case version != "" && isPatch(last, version):
		return fmt.Errorf("%s would be a patch of %s, which mends and changes nothing in the API; give it the next minor version", version, last)
	case version != "" && semver.Major(version) != "v0" && semver.Major(last) == semver.Major(version) && breaks > 0:
		return fmt.Errorf("%d changes (marked !) would break users of %s", breaks, last)
	}
	return nil
}
