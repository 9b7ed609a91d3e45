package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

const promisesPackage = "github.com/callagain/retry/bench/promises"

// A finding is what package promises found of one library, as the attributes of its test tell.
type finding struct {
	Topic, Promise, How, Library, Verdict, Found string
}

// runPromises runs the scenarios. A broken promise of ours is an error.
func runPromises() ([]finding, error) {
	all, err := runTests(promisesPackage)
	if err != nil {
		return nil, fmt.Errorf("the scenarios failed: %w", err)
	}
	return findings(all), nil
}

// findings returns what the tests told as findings.
func findings(all []told) []finding {
	var found []finding
	for _, a := range all {
		found = append(found, finding{a["topic"], a["promise"], a["how"], a["library"], a["verdict"], a["found"]})
	}
	return found
}

// marks are how the matrix shows a verdict.
var marks = map[string]string{"kept": "✓", "broken": "✗", "not offered": "·"}

// writeMatrix prints a table for each group of libraries that the same promises were put to.
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
	fmt.Fprintf(w, "✓ kept, ✗ does otherwise, · offers nothing that the promise is about.\n")
}

// writeFindings prints each scenario, and what was found in it of each library.
func writeFindings(w io.Writer, findings []finding) {
	var last finding
	for _, f := range findings {
		if f.Topic != last.Topic {
			fmt.Fprintf(w, "\n## %s\n", f.Topic)
		}
		if f.Promise != last.Promise {
			fmt.Fprintf(w, "\n### %s\n\nScenario: %s.\n\n", f.Promise, f.How)
		}
		last = f
		fmt.Fprintf(w, "- %s %s: %s\n", marks[f.Verdict], f.Library, escape(f.Found))
	}
}

// escape keeps a text that a library wrote from being read as markup.
func escape(text string) string {
	return strings.NewReplacer("<", "&lt;", "*", `\*`, "_", `\_`).Replace(text)
}
