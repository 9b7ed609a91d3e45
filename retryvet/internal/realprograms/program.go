package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A workshop is where programs are rewritten.
type workshop struct {
	dir  string
	root string // of this repository
	tool string // retryvet
}

var (
	total  = regexp.MustCompile(`(?m)^(\d+) rewritten, (\d+) rewritten with a comment, (\d+) left$`)
	report = regexp.MustCompile(`(?m)^\S+\.go:\d+:\d+: .*`)
)

// program does all that is to be done with one program, says what it found, and returns what isn't as it should be.
func (w *workshop) program(ctx context.Context, p program, onlyCounts bool) (wrong []string, err error) {
	dir := filepath.Join(w.dir, strings.ReplaceAll(p.module, "/", "_"))
	if err := fetch(ctx, w.dir, p, dir); err != nil {
		return nil, err
	}
	fmt.Printf("%s %s\n", p.module, p.version)
	tests := !p.untested && !onlyCounts
	var before map[string]bool
	if tests {
		before = test(ctx, dir, p)
	}
	var diff, list bytes.Buffer
	c := command(ctx, dir, p.env, w.tool, append([]string{"-migrate", "-diff", "-fix"}, p.packages...)...)
	c.Stdout, c.Stderr = &diff, &list
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("rewriting: %w\n%s", err, list.Bytes())
	}
	for name, text := range map[string][]byte{".diff": diff.Bytes(), ".list": list.Bytes()} {
		if err := os.WriteFile(dir+name, text, 0o666); err != nil {
			return nil, err
		}
	}
	var got counts
	if _, err := fmt.Sscanf(total.FindString(list.String()), "%d rewritten, %d rewritten with a comment, %d left", &got.rewritten, &got.explained, &got.left); err != nil {
		return nil, fmt.Errorf("what the tool has done: %w\n%s", err, list.Bytes())
	}
	fmt.Printf("  %d rewritten, %d explained, %d left\n", got.rewritten, got.explained, got.left)
	if got != p.want {
		wrong = append(wrong, fmt.Sprintf("rewritten, explained, left are %v, want %v", got, p.want))
	}
	if onlyCounts {
		return wrong, nil
	}
	if _, err := output(ctx, dir, nil, "go", "mod", "edit", "-require=github.com/callagain/retry@v0.0.0", "-replace=github.com/callagain/retry="+w.root); err != nil {
		return nil, err
	}
	if _, err := output(ctx, dir, p.env, "go", append([]string{"vet"}, p.packages...)...); err != nil {
		return append(wrong, err.Error()), nil
	}
	fmt.Println("  builds")
	if tests {
		wrong = append(wrong, compare(before, test(ctx, dir, p))...)
	}
	found, err := command(ctx, dir, p.env, "go", append([]string{"vet", "-vettool=" + w.tool}, p.packages...)...).CombinedOutput()
	reports := report.FindAllString(string(found), -1)
	if err != nil && len(reports) == 0 {
		return nil, fmt.Errorf("retryvet: %w\n%s", err, found)
	}
	for _, r := range reports {
		fmt.Println("  retryvet:", r)
	}
	if len(reports) != p.reports {
		wrong = append(wrong, fmt.Sprintf("retryvet reports %d lines, want %d", len(reports), p.reports))
	}
	return wrong, nil
}

// compare says how the tests went, and returns those that passed before only.
func compare(before, after map[string]bool) (wrong []string) {
	count := func(all map[string]bool) (passed int, failed []string) {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if all[name] {
				passed++
			} else {
				failed = append(failed, name)
			}
		}
		return passed, failed
	}
	passed, failed := count(before)
	fmt.Printf("  tests before: %d pass, %d fail %v\n", passed, len(failed), failed)
	if passed == 0 {
		wrong = append(wrong, "no test passed before")
	}
	passed, failed = count(after)
	fmt.Printf("  tests after: %d pass, %d fail %v\n", passed, len(failed), failed)
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if before[name] && !after[name] {
			wrong = append(wrong, name+" passed before the change only")
		}
	}
	return wrong
}

// fetch copies a module from the proxy.
func fetch(ctx context.Context, from string, p program, to string) error {
	text, err := output(ctx, from, nil, "go", "mod", "download", "-json", p.module+"@"+p.version)
	if err != nil {
		return err
	}
	var got struct{ Dir string }
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		return err
	}
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	return os.CopyFS(to, os.DirFS(got.Dir))
}

// test returns which tests of a program passed, by package and name. A package that doesn't build has none.
func test(ctx context.Context, dir string, p program) map[string]bool {
	args := p.tests
	if args == nil {
		args = p.packages
	}
	text, _ := command(ctx, dir, p.env, "go", append([]string{"test", "-count=1", "-json"}, args...)...).Output()
	all := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		var e struct{ Action, Package, Test string }
		if json.Unmarshal([]byte(line), &e) != nil || e.Test == "" {
			continue
		}
		switch e.Action {
		case "pass", "fail":
			all[e.Package+"."+e.Test] = e.Action == "pass"
		}
	}
	return all
}

// output returns what a command prints, without the newline at its end.
func output(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	c := command(ctx, dir, env, name, args...)
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", strings.Join(c.Args, " "), err, errs.Bytes(), out)
	}
	return strings.TrimSpace(string(out)), nil
}

func command(ctx context.Context, dir string, env []string, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = dir
	c.Env = append(append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod"), env...)
	return c
}
