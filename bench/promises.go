package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

const promisesPackage = "github.com/callagain/retry/bench/promises"

// A finding is what package promises found of one library, as the attributes of its test tell.
type finding struct {
	Promise, How, Library, Verdict, Found string
}

// runPromises runs the scenarios. A broken promise of ours is an error, after all the findings are in.
func runPromises() ([]finding, error) {
	cmd := exec.Command("go", "test", "-count=1", "-json", promisesPackage)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	findings, output, err := readFindings(stdout)
	if err != nil {
		return nil, err
	}
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("the scenarios failed: %w\n%s", err, output)
	}
	return findings, nil
}

// readFindings reads what go test -json prints: the findings, and what the tests said otherwise.
func readFindings(r io.Reader) (findings []finding, output string, err error) {
	place := map[string]int{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e struct{ Action, Test, Key, Value, Output string }
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, "", fmt.Errorf("reading the output of go test: %w", err)
		}
		if e.Action == "output" && !strings.HasPrefix(e.Output, "===") {
			output += e.Output
		}
		if e.Action != "attr" {
			continue
		}
		at, ok := place[e.Test]
		if !ok {
			at = len(findings)
			place[e.Test] = at
			findings = append(findings, finding{})
		}
		f := &findings[at]
		switch e.Key {
		case "promise":
			f.Promise = e.Value
		case "how":
			f.How = e.Value
		case "library":
			f.Library = e.Value
		case "verdict":
			f.Verdict = e.Value
		case "found":
			f.Found = e.Value
		}
	}
	return findings, output, lines.Err()
}

// marks are how the matrix shows a verdict.
var marks = map[string]string{"kept": "✓", "broken": "✗", "not offered": "·"}

// writeMatrix prints a table for each group of libraries that the same promises were put to, and then what was found.
func writeMatrix(w io.Writer, findings []finding) {
	var groups [][]finding
	var columns [][]string
	for rest := findings; len(rest) > 0; {
		// The findings of one promise follow each other, in the order of the libraries.
		n := slices.IndexFunc(rest, func(f finding) bool { return f.Promise != rest[0].Promise })
		if n < 0 {
			n = len(rest)
		}
		var libraries []string
		for _, f := range rest[:n] {
			libraries = append(libraries, f.Library)
		}
		if len(columns) == 0 || !slices.Equal(columns[len(columns)-1], libraries) {
			columns = append(columns, libraries)
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], rest[:n]...)
		rest = rest[n:]
	}
	for i, group := range groups {
		width := len(columns[i])
		fmt.Fprintf(w, "| |")
		for _, library := range columns[i] {
			fmt.Fprintf(w, " %s |", library)
		}
		fmt.Fprintf(w, "\n|---|%s\n", strings.Repeat(":-:|", width))
		count := make([]map[string]int, width)
		for j := range count {
			count[j] = map[string]int{}
		}
		for promise := range slices.Chunk(group, width) {
			fmt.Fprintf(w, "| %s |", promise[0].Promise)
			for j, f := range promise {
				fmt.Fprintf(w, " %s |", marks[f.Verdict])
				count[j][f.Verdict]++
			}
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "| of %d |", len(group)/width)
		for _, n := range count {
			fmt.Fprintf(w, " %d ✓ %d ✗ |", n["kept"], n["broken"])
		}
		fmt.Fprintf(w, "\n\n")
	}
	fmt.Fprintf(w, "✓ kept, ✗ does otherwise, · offers nothing that the promise is about.\n\n")
	fmt.Fprintf(w, "<details><summary>The scenarios, and what was found</summary>\n")
	last := ""
	for _, f := range findings {
		if f.Promise != last {
			fmt.Fprintf(w, "\n**%s.** Scenario: %s.\n\n", f.Promise, f.How)
			last = f.Promise
		}
		fmt.Fprintf(w, "- %s %s: %s\n", marks[f.Verdict], f.Library, escape(f.Found))
	}
	fmt.Fprintf(w, "\n</details>\n")
}

// escape keeps a text that a library wrote from being read as markup.
func escape(text string) string {
	return strings.NewReplacer("<", "&lt;", "*", `\*`, "_", `\_`).Replace(text)
}
