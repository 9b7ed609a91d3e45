// Retryvet finds mistakes in programs that use package retry (github.com/callagain/retry), and rewrites programs that
// use other libraries to it.
//
//	retryvet ./...                             reports
//	retryvet -diff -fix ./...                  shows what the suggested fixes change
//	retryvet -fix ./...                        applies them
//	go vet -vettool=$(which retryvet) ./...    reports, as part of go vet
//	retryvet -migrate ./...                    lists what uses other libraries, and what would become of it
//	retryvet -migrate -diff ./...              shows the program rewritten to package retry
//	retryvet -migrate -fix ./...               rewrites it
//
// See docs/vet.md and docs/migrating.md.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"golang.org/x/tools/go/analysis/multichecker"

	"github.com/callagain/retry/retryvet/check"
	"github.com/callagain/retry/retryvet/migrate"
)

func main() {
	if i := slices.IndexFunc(os.Args[1:], func(a string) bool { return strings.TrimLeft(a, "-") == "migrate" && a[0] == '-' }); i >= 0 {
		os.Exit(rewrite(slices.Delete(slices.Clone(os.Args[1:]), i, i+1), os.Stdout, os.Stderr))
	}
	multichecker.Main(check.Analyzers()...)
}

// rewrite does what -migrate asks for, and returns the exit code: 1 for an error, 2 for wrong arguments. The diff goes to
// stdout, everything else to stderr.
func rewrite(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("retryvet -migrate", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintf(stderr, "usage: retryvet -migrate [-diff | -fix] [packages]\n\nRewrite packages that use other retry libraries to %s.\nWithout -diff and -fix, only list what they use.\n\n", "github.com/callagain/retry")
		flags.PrintDefaults()
	}
	show := flags.Bool("diff", false, "show what changes")
	fix := flags.Bool("fix", false, "change the files")
	if err := flags.Parse(args); err != nil {
		if err == flag.ErrHelp {
			return 0
		}
		return 2
	}
	patterns := flags.Args()
	if len(patterns) == 0 {
		patterns = []string{"."}
	}
	r, err := migrate.Run(".", patterns...)
	if err != nil {
		fmt.Fprintln(stderr, "retryvet:", err)
		return 1
	}
	here, _ := os.Getwd()
	for _, f := range r.Files {
		name := relative(here, f.Name)
		if *show {
			stdout.Write(diff.Diff(name+".orig", f.Old, name, f.New))
		}
		if *fix {
			if err := write(f.Name, f.New); err != nil {
				fmt.Fprintln(stderr, "retryvet: writing the rewritten program:", err)
				return 1
			}
		}
	}
	var counts [migrate.Left + 1]int
	for _, item := range r.Items {
		item.Pos.Filename = relative(here, item.Pos.Filename)
		fmt.Fprintln(stderr, item)
		counts[item.Kind]++
	}
	for _, n := range r.Notes {
		fmt.Fprintln(stderr, "note:", n)
	}
	fmt.Fprintf(stderr, "%d rewritten, %d rewritten with a comment, %d left\n", counts[migrate.Rewritten], counts[migrate.Explained], counts[migrate.Left])
	if *fix && len(r.Files) > 0 {
		fmt.Fprintln(stderr, "next: go get github.com/callagain/retry, go mod tidy, go test, and retryvet on the result")
	}
	return 0
}

func relative(dir, name string) string {
	if rel, err := filepath.Rel(dir, name); err == nil && !strings.HasPrefix(rel, "..") {
		return rel
	}
	return name
}

// write replaces a file. If that fails, the old one is still there.
func write(name string, text []byte) error {
	mode := os.FileMode(0o666)
	if info, err := os.Stat(name); err == nil {
		mode = info.Mode().Perm()
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), ".retryvet-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err = tmp.Write(text); err == nil {
		err = tmp.Close()
	} else {
		tmp.Close()
	}
	if err == nil {
		if err = os.Chmod(tmp.Name(), mode&^0o022); err == nil {
			err = os.Rename(tmp.Name(), name)
		}
	}
	return err
}
