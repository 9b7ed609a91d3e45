package main

import (
	"bytes"
	"cmp"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var fuzzTarget = regexp.MustCompile(`(?m)^func (Fuzz\w*)\(`)

// A target is a fuzz target: the folder of its module, that of its package in there, and its name.
type target struct{ module, pkg, name string }

// fuzzing returns a job for each fuzz target of these modules. One worker each, since jobs run side by side.
func fuzzing(ctx context.Context, all, dirs []string, long string) ([]job, error) {
	var todo []job
	for _, dir := range dirs {
		targets, err := targets(all, dir)
		if err != nil {
			return nil, err
		}
		for _, t := range targets {
			name := t.name + " in " + filepath.ToSlash(filepath.Join(t.module, t.pkg))
			todo = append(todo, job{name, func() ([]byte, error) {
				var out bytes.Buffer
				err := command(ctx, t.module, &out, "test", "-run=^$", "-fuzz=^"+t.name+"$", "-fuzztime="+long, "-parallel=1",
					"-fuzzminimizetime=5s", "./"+t.pkg)
				return out.Bytes(), err
			}, func([]byte) string { return "" }, tail})
		}
	}
	return todo, nil
}

// targets finds the fuzz targets in the files of one module, leaving out the modules below it.
func targets(all []string, dir string) ([]target, error) {
	below := map[string]bool{}
	for _, d := range all {
		below[d] = d != dir
	}
	var found []target
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (below[filepath.ToSlash(p)] || p != dir && hidden(d.Name())) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(p, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(p)
		pkg, relErr := filepath.Rel(dir, filepath.Dir(p))
		for _, m := range fuzzTarget.FindAllSubmatch(text, -1) {
			found = append(found, target{dir, filepath.ToSlash(pkg), string(m[1])})
		}
		return cmp.Or(err, relErr)
	})
	return found, err
}
