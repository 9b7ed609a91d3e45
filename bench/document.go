package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/callagain/retry/bench/peers"
)

// writeDocuments measures, and puts the tables between their marks in comparison.md and promises.md, both in the folder dir:
// <!-- costs --> … <!-- /costs --> and so on. With no runs, nothing is measured, and only what the scenarios showed is written.
func writeDocuments(dir string, runs int) error {
	comparison, promises := filepath.Join(dir, "comparison.md"), filepath.Join(dir, "promises.md")
	var setup, costs, matrix, found bytes.Buffer
	write := func(put func(name string, parts map[string][]byte) error) error {
		parts := map[string][]byte{"promises": matrix.Bytes()}
		if runs > 0 {
			parts["setup"], parts["costs"] = setup.Bytes(), costs.Bytes()
		}
		return errors.Join(put(comparison, parts), put(promises, map[string][]byte{"findings": found.Bytes()}))
	}
	if err := write(func(name string, parts map[string][]byte) error { _, err := replaced(name, parts); return err }); err != nil {
		return err // before all is measured
	}
	findings, err := runPromises()
	if err != nil {
		return err
	}
	if runs > 0 {
		results, err := readResults(nil, runs)
		if err != nil {
			return err
		}
		results.writeSetup(&setup)
		results.write(&costs)
	}
	writeMatrix(&matrix, findings)
	writeFindings(&found, findings)
	return write(replaceInFile)
}

// replaceInFile puts each of the parts in its place in the file.
func replaceInFile(name string, parts map[string][]byte) error {
	text, err := replaced(name, parts)
	if err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o666)
}

// replaced returns the text of the file with each of the parts in its place.
func replaced(name string, parts map[string][]byte) ([]byte, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	for part, by := range parts {
		if text, err = replacePart(text, part, by); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return text, nil
}

// replacePart puts by in the place of what is between the marks of the part.
func replacePart(text []byte, part string, by []byte) ([]byte, error) {
	begin, end := []byte("<!-- "+part+" -->\n"), []byte("<!-- /"+part+" -->")
	i := bytes.Index(text, begin)
	j := bytes.Index(text, end)
	if i < 0 || j < i {
		return nil, fmt.Errorf("has no %s… %s", strings.TrimSpace(string(begin)), end)
	}
	return slices.Concat(text[:i+len(begin)], []byte("\n"), bytes.TrimSpace(by), []byte("\n\n"), text[j:]), nil
}

// writeSetup prints the machine and the versions.
func (r *results) writeSetup(w io.Writer) {
	fmt.Fprintf(w, "%s, %d processors, %s/%s, %s.\n\n", strings.TrimSpace(r.config["cpu"]), runtime.NumCPU(), r.config["goos"], r.config["goarch"], runtime.Version())
	fmt.Fprintf(w, "| | module | version |\n|---|---|---|\n")
	versions := moduleVersions()
	row := func(name, module string) { fmt.Fprintf(w, "| %s | %s | %s |\n", name, module, versions[module]) }
	for _, l := range peers.All() {
		row(l.Name, l.Module)
	}
	for _, l := range peers.AllHTTP()[1:] {
		row(l.Name, l.Module)
	}
}

// moduleVersions are the versions that this command was built with.
func moduleVersions() map[string]string {
	versions := map[string]string{}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return versions
	}
	for _, m := range info.Deps {
		versions[m.Path] = m.Version
		if m.Replace != nil || !regexp.MustCompile(`^v\d`).MatchString(m.Version) || m.Version == "v0.0.0" {
			versions[m.Path] = "this revision"
		}
	}
	return versions
}
