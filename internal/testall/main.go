// Testall tests every module of the repository by itself, as its users get it: there is no workspace, and each module's
// replace leads to the root. Modules run side by side, the longest first.
//
//	go run ./internal/testall                  all modules
//	go run ./internal/testall retryaws bench   these, by their folders
//	go run ./internal/testall -race -noskip    as CI does
//	go run ./internal/testall -list            the folders
//
// It needs nothing but Go, and works wherever Go does. Arguments after -- go to each go test.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// long are the modules that take longest, which therefore begin first. All others are found by their go.mod.
var long = []string{"internal/sqltest", "retrynats", ".", "internal/browsertest"}

var skipped = regexp.MustCompile(`(?m)^\s*--- SKIP.*$`)

func main() {
	race := flag.Bool("race", false, "use the race detector")
	noskip := flag.Bool("noskip", false, "fail if a test was skipped")
	vet := flag.Bool("vet", true, "run go vet first")
	jobs := flag.Int("j", 2, "modules at a time")
	list := flag.Bool("list", false, "print the modules' folders and end")
	flag.Parse()
	if err := run(*race, *noskip, *vet, *jobs, *list, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "testall:", err)
		os.Exit(1)
	}
}

func run(race, noskip, vet bool, jobs int, list bool, args []string) error {
	dirs, err := modules(".")
	if err != nil {
		return err
	}
	var extra []string
	if i := slices.Index(args, "--"); i >= 0 {
		args, extra = args[:i], args[i+1:]
	}
	for _, a := range args {
		if !slices.Contains(dirs, filepath.ToSlash(filepath.Clean(a))) {
			return fmt.Errorf("%s is no folder of a module; there are %s", a, strings.Join(dirs, ", "))
		}
	}
	if len(args) > 0 {
		dirs = slices.DeleteFunc(dirs, func(d string) bool { return !slices.Contains(args, d) })
	}
	if list {
		fmt.Println(strings.Join(dirs, "\n"))
		return nil
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	test := []string{"test", "-count=1", "-timeout=40m"}
	if race {
		test = append(test, "-race")
	}
	if noskip {
		test = append(test, "-v")
	}
	test = append(append(test, extra...), "./...")
	var failed []string
	var mu sync.Mutex
	var group sync.WaitGroup
	slots := make(chan struct{}, max(jobs, 1))
	for _, dir := range dirs {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			begun := time.Now()
			out, err := module(ctx, dir, vet, test)
			if found := skipped.FindAll(out, -1); err == nil && noskip && found != nil {
				err = fmt.Errorf("tests were skipped:\n%s", bytes.Join(found, []byte("\n")))
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = append(failed, dir)
				fmt.Printf("FAIL  %-20s %6.1fs  %v\n%s\n", dir, time.Since(begun).Seconds(), err, tail(out))
				return
			}
			fmt.Printf("ok    %-20s %6.1fs\n%s", dir, time.Since(begun).Seconds(), packages(out))
		})
	}
	group.Wait()
	if failed != nil {
		return fmt.Errorf("%d of %d modules failed: %s", len(failed), len(dirs), strings.Join(failed, ", "))
	}
	return nil
}

// module vets and tests one module, and returns what was printed.
func module(ctx context.Context, dir string, vet bool, test []string) ([]byte, error) {
	var out bytes.Buffer
	for _, args := range [][]string{{"vet", "./..."}, test} {
		if args[0] == "vet" && !vet {
			continue
		}
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &out
		cmd.Env = append(os.Environ(), "GOWORK=off")
		if err := cmd.Run(); err != nil {
			return out.Bytes(), fmt.Errorf("go %s: %w", args[0], err)
		}
	}
	return out.Bytes(), nil
}

// modules returns the folders below root that have a go.mod, as slash-separated paths, the longest tests first.
func modules(root string) ([]string, error) {
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		return nil, errors.New("run it in the root of the repository: go run ./internal/testall")
	}
	var dirs []string
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && p != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if d.Name() == "go.mod" {
			dirs = append(dirs, filepath.ToSlash(filepath.Dir(p)))
		}
		return nil
	})
	rank := func(d string) int {
		if i := slices.Index(long, d); i >= 0 {
			return i
		}
		return len(long)
	}
	slices.Sort(dirs)
	slices.SortStableFunc(dirs, func(a, b string) int { return rank(a) - rank(b) })
	return dirs, err
}

// packages returns the closing line of each package.
func packages(out []byte) string {
	var b strings.Builder
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "ok ") || strings.HasPrefix(line, "ok\t") {
			b.WriteString("      " + line)
		}
	}
	return b.String()
}

// tail returns the end of what a module printed, without the tests that passed.
func tail(out []byte) string {
	var lines []string
	for line := range strings.Lines(string(out)) {
		if t := strings.TrimSpace(line); !strings.HasPrefix(t, "=== ") && !strings.HasPrefix(t, "--- PASS") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-200):], "")
}
