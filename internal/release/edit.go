package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	mod "golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/zip"
)

// require returns m's go.mod with its requirements on modules of ours set to version. With replace it keeps the lines
// that lead to the other modules' folders, which the tag of a published module doesn't have: they would make go install
// refuse its commands, and hide from us what its users get.
func (m *module) require(version string, replace bool) ([]byte, error) {
	f, err := m.parse()
	if err != nil {
		return nil, err
	}
	for _, need := range m.needs {
		if err := f.AddRequire(need, version); err != nil {
			return nil, err
		}
	}
	if !replace {
		for _, r := range slices.Clone(f.Replace) {
			if r.New.Version != "" || !slices.Contains(m.needs, r.Old.Path) {
				return nil, fmt.Errorf("%s/go.mod replaces %s, which its users wouldn't", m.dir, r.Old.Path)
			}
			if err := f.DropReplace(r.Old.Path, r.Old.Version); err != nil {
				return nil, err
			}
		}
	}
	f.Cleanup()
	return f.Format()
}

// forUsers writes into clone what the release's commit has for version: each published module requires the others as its
// users will get them.
func forUsers(ctx context.Context, clone, version string, ms []*module) error {
	sums := make(map[string]string) // the lines of go.sum for a module of ours
	for _, m := range ms {
		if len(m.needs) > 0 {
			text, err := m.require(version, !m.published)
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(clone, m.dir, "go.mod"), text, 0o666); err != nil {
				return err
			}
		}
		if !m.published {
			continue
		}
		if len(m.needs) > 0 {
			if err := addSums(filepath.Join(clone, m.dir, "go.sum"), m.needs, sums); err != nil {
				return err
			}
		}
		if _, err := output(ctx, clone, "git", "add", "--", m.dir); err != nil {
			return err
		}
		tree, err := output(ctx, clone, "git", "write-tree")
		if err != nil {
			return err
		}
		if sums[m.path], err = sum(m, clone, tree, version); err != nil {
			return err
		}
	}
	return nil
}

// sum returns the lines of go.sum for what m is at revision.
func sum(m *module, clone, revision, version string) (string, error) {
	f, err := os.CreateTemp("", "release-*.zip")
	if err != nil {
		return "", err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if err := pack(f, m, clone, revision, version); err != nil {
		return "", err
	}
	whole, err := dirhash.HashZip(f.Name(), dirhash.Hash1)
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(filepath.Join(clone, m.dir, "go.mod"))
	if err != nil {
		return "", err
	}
	alone, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(text)), nil
	})
	return fmt.Sprintf("%[1]s %[2]s %[3]s\n%[1]s %[2]s/go.mod %[4]s\n", m.path, version, whole, alone), err
}

// pack writes the zip of m at revision of clone, as a module proxy has it.
func pack(w io.Writer, m *module, clone, revision, version string) error {
	subdir := m.dir
	if subdir == "." {
		subdir = ""
	}
	return zip.CreateFromVCS(w, mod.Version{Path: m.path, Version: version}, clone, revision, subdir)
}

// addSums adds to a go.sum the lines for paths, where go mod tidy has them.
func addSums(name string, paths []string, sums map[string]string) error {
	text, err := os.ReadFile(name)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	all := slices.Collect(strings.Lines(string(text)))
	for _, p := range paths {
		all = append(all, slices.Collect(strings.Lines(sums[p]))...)
	}
	slices.SortStableFunc(all, func(a, b string) int {
		pathA, _, _ := strings.Cut(a, " ")
		pathB, _, _ := strings.Cut(b, " ")
		return strings.Compare(pathA, pathB)
	})
	return os.WriteFile(name, []byte(strings.Join(all, "")), 0o666)
}
