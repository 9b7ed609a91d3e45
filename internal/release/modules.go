package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// A module is a go.mod of the repository.
type module struct {
	dir       string // slash-separated; "." is the root
	path      string
	published bool
	needs     []string // the paths of other modules of the repository
	mod       []byte   // its go.mod
}

// tag returns the name of a version's tag, as the Go tools look for it.
func (m *module) tag(version string) string { return path.Join(m.dir, version) }

func (m *module) parse() (*modfile.File, error) {
	return modfile.Parse(path.Join(m.dir, "go.mod"), m.mod, nil)
}

// findModules returns the modules below root, each after those that it needs.
//
// What is for ourselves isn't published: tests (internal), programs to read (examples), and comparisons (bench, peers). Data
// of tests (testdata) isn't a module of ours at all.
func findModules(root string) ([]*module, error) {
	var found []*module
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.Name() != "go.mod" {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(name))
		if err != nil {
			return err
		}
		m := &module{dir: filepath.ToSlash(rel)}
		m.published = !slices.ContainsFunc(strings.Split(m.dir, "/"), func(part string) bool {
			return part == "internal" || part == "examples" || part == "bench" || part == "peers"
		})
		if m.mod, err = os.ReadFile(name); err != nil {
			return err
		}
		m.path = modfile.ModulePath(m.mod)
		found = append(found, m)
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b *module) int { return strings.Compare(a.dir, b.dir) }) // the root first
	return sorted(found)
}

// sorted puts each module after those that it needs, and fails if one that is published needs one that isn't.
func sorted(found []*module) ([]*module, error) {
	byPath := make(map[string]*module)
	for _, m := range found {
		if byPath[m.path] != nil {
			return nil, fmt.Errorf("%s and %s have the same path, %s", byPath[m.path].dir, m.dir, m.path)
		}
		byPath[m.path] = m
	}
	for _, m := range found {
		f, err := m.parse()
		if err != nil {
			return nil, err
		}
		for _, r := range f.Require {
			need := byPath[r.Mod.Path]
			if need == nil {
				continue
			}
			if m.published && !need.published {
				return nil, fmt.Errorf("%s is published, and needs %s, which isn't", m.dir, need.dir)
			}
			m.needs = append(m.needs, need.path)
		}
	}
	var all []*module
	var add func(m *module, above []string) error
	add = func(m *module, above []string) error {
		if slices.Contains(all, m) {
			return nil
		}
		if slices.Contains(above, m.path) {
			return fmt.Errorf("modules need each other: %s", strings.Join(append(above, m.path), " needs "))
		}
		for _, p := range m.needs {
			if err := add(byPath[p], append(above, m.path)); err != nil {
				return err
			}
		}
		all = append(all, m)
		return nil
	}
	for _, m := range found {
		if err := add(m, nil); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// sameGo fails if the modules don't need the same Go, or one of them names a toolchain, which users would have to have.
func sameGo(ms []*module) error {
	var first string
	for _, m := range ms {
		f, err := m.parse()
		if err != nil {
			return err
		}
		switch {
		case f.Go == nil:
			return fmt.Errorf("%s/go.mod has no go line", m.dir)
		case f.Toolchain != nil:
			return fmt.Errorf("%s/go.mod has a toolchain line; users needn't have that one", m.dir)
		case first == "":
			first = f.Go.Version
		case f.Go.Version != first:
			return fmt.Errorf("%s/go.mod says go %s, others say go %s; all modules move at once", m.dir, f.Go.Version, first)
		}
	}
	return nil
}
