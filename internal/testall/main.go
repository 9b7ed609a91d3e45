// Testall tests every module of the repository by itself, as its users get it: there is no workspace, and each module's
// replace leads to the root. Modules run side by side, the longest first.
//
//	go run ./internal/testall                  all modules
//	go run ./internal/testall retryaws bench   these, by their folders
//	go run ./internal/testall -race -noskip    as CI does
//	go run ./internal/testall -fuzz 5000x      no tests, but each fuzz target, for so many inputs or so long
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
	fuzz := flag.String("fuzz", "", "instead of the tests run each fuzz target, as long as -fuzztime of go test says: 5000x, 10m")
	list := flag.Bool("list", false, "print the modules' folders and end")
	flag.Parse()
	if err := run(*race, *noskip, *vet, *jobs, *fuzz, *list, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "testall:", err)
		os.Exit(1)
	}
}

func run(race, noskip, vet bool, jobs int, fuzz string, list bool, args []string) error {
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
	all := dirs
	if len(args) > 0 {
		dirs = slices.DeleteFunc(slices.Clone(dirs), func(d string) bool { return !slices.Contains(args, d) })
	}
	if list {
		fmt.Println(strings.Join(dirs, "\n"))
		return nil
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var todo []job
	if fuzz != "" {
		if todo, err = fuzzing(ctx, all, dirs, fuzz); err != nil {
			return err
		}
	} else {
		todo = tests(ctx, dirs, race, noskip, vet, extra)
	}
	return sideBySide(todo, jobs)
}

// A job is something that runs by itself, and what is printed of it when it passed and when it failed.
type job struct {
	name         string
	run          func() ([]byte, error)
	passed, fail func([]byte) string
}

// tests returns a job for each module: its tests.
func tests(ctx context.Context, dirs []string, race, noskip, vet bool, extra []string) []job {
	test := []string{"test", "-count=1", "-timeout=40m"}
	if race {
		test = append(test, "-race")
	}
	if noskip {
		test = append(test, "-v")
	}
	test = append(append(test, extra...), "./...")
	var todo []job
	for _, dir := range dirs {
		todo = append(todo, job{dir, func() ([]byte, error) {
			out, err := module(ctx, dir, vet, test)
			if found := skipped.FindAll(out, -1); err == nil && noskip && found != nil {
				err = fmt.Errorf("tests were skipped:\n%s", bytes.Join(found, []byte("\n")))
			}
			return out, err
		}, packages, tail})
	}
	return todo
}

// sideBySide runs the jobs, so many at a time, and says how each of them ended.
func sideBySide(todo []job, atATime int) error {
	var failed []string
	var mu sync.Mutex
	var group sync.WaitGroup
	slots := make(chan struct{}, max(atATime, 1))
	for _, j := range todo {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			begun := time.Now()
			out, err := j.run()
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = append(failed, j.name)
				fmt.Printf("FAIL  %-20s %6.1fs  %v\n%s\n", j.name, time.Since(begun).Seconds(), err, j.fail(out))
				return
			}
			fmt.Printf("ok    %-20s %6.1fs\n%s", j.name, time.Since(begun).Seconds(), j.passed(out))
		})
	}
	group.Wait()
	if failed != nil {
		return fmt.Errorf("%d of %d failed: %s", len(failed), len(todo), strings.Join(failed, ", "))
	}
	return nil
}

// module vets and tests one module, and returns what was printed.
func module(ctx context.Context, dir string, vet bool, test []string) ([]byte, error) {
	var out bytes.Buffer
	if vet {
		if err := command(ctx, dir, &out, "vet", "./..."); err != nil {
			return out.Bytes(), err
		}
	}
	err := command(ctx, dir, &out, test...)
	return out.Bytes(), err
}

// command runs go in dir.
func command(ctx context.Context, dir string, out *bytes.Buffer, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go %s: %w", args[0], err)
	}
	return nil
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
		if d.IsDir() && p != root && hidden(d.Name()) {
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

// hidden tells of a folder's name that Go doesn't look into it.
func hidden(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "node_modules"
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
