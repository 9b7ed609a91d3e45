package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// command runs a program in dir and returns what it prints.
func command(dir string, env []string, name string, args ...string) (string, error) {
	c := exec.Command(name, args...)
	c.Dir = dir
	c.Env = append(os.Environ(), env...)
	out, err := c.CombinedOutput()
	return string(out), err
}

func build(t *testing.T) string {
	bin := filepath.Join(t.TempDir(), "retryvet")
	if out, err := command(".", nil, "go", "build", "-o", bin, "."); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	return bin
}

// wanted returns the lines of the testdata of package check where something must be reported, as file:line.
func wanted(t *testing.T) []string {
	var lines []string
	files, err := filepath.Glob("check/testdata/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if strings.Contains(line, "// want ") {
				rel, _ := filepath.Rel("check/testdata", name)
				lines = append(lines, filepath.ToSlash(rel)+":"+strconv.Itoa(i+1))
			}
		}
	}
	slices.Sort(lines)
	return lines
}

var position = regexp.MustCompile(`(?m)^\S*?([a-z]+/[a-z_]+\.go:\d+):\d+: `)

// reported returns the lines of a driver's output in the same form.
func reported(out string) []string {
	var lines []string
	for _, m := range position.FindAllStringSubmatch(out, -1) {
		lines = append(lines, m[1])
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

// Every way to run the analyzers reports the same lines, those through facts across packages included.
func TestDrivers(t *testing.T) {
	bin := build(t)
	want := wanted(t)
	self, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for name, run := range map[string]func() (string, error){
		"vettool":    func() (string, error) { return command("check/testdata", nil, "go", "vet", "-vettool="+bin, "./...") },
		"standalone": func() (string, error) { return command("check/testdata", nil, bin, "./...") },
		"go_tool": func() (string, error) {
			dir := filepath.Join(t.TempDir(), "user")
			if err := os.CopyFS(dir, os.DirFS("check/testdata")); err != nil {
				return "", err
			}
			sum, err := os.ReadFile("go.sum")
			if err != nil {
				return "", err
			}
			if err := os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o666); err != nil {
				return "", err
			}
			root, err := command("check/testdata", nil, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/callagain/retry")
			if err != nil {
				return root, err
			}
			if out, err := command(dir, nil, "go", "mod", "edit", "-require=github.com/callagain/retry/retryvet@v0.0.0",
				"-replace=github.com/callagain/retry/retryvet="+self, "-replace=github.com/callagain/retry="+strings.TrimSpace(root)); err != nil {
				return out, err
			}
			if out, err := command(dir, nil, "go", "get", "-tool", "github.com/callagain/retry/retryvet@v0.0.0"); err != nil {
				return out, err
			}
			return command(dir, nil, "go", "tool", "retryvet", "./...")
		},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := run()
			if _, ok := err.(*exec.ExitError); !ok {
				t.Fatalf("the error is %v, want that something was found\n%s", err, out)
			}
			if got := reported(out); !slices.Equal(got, want) {
				t.Errorf("reported are\n%v\nwant\n%v\n%s", got, want, out)
			}
		})
	}
}

// An analyzer can be turned off by its name.
func TestDisable(t *testing.T) {
	out, _ := command("check/testdata", nil, "go", "vet", "-vettool="+build(t), "-retrynested=false", "./nested")
	if strings.Contains(out, "retry inside retry") {
		t.Error(out)
	}
}

// -migrate lists, -diff shows without writing, and -fix writes.
func TestMigrate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "program")
	if err := os.CopyFS(dir, os.DirFS("migrate/testdata")); err != nil {
		t.Fatal(err)
	}
	root, err := command("check/testdata", nil, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/callagain/retry")
	if err != nil {
		t.Fatal(root)
	}
	if out, err := command(dir, nil, "go", "mod", "edit", "-replace=github.com/callagain/retry="+strings.TrimSpace(root)); err != nil {
		t.Fatal(out)
	}
	name := filepath.Join(dir, "v4", "b.go")
	before, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	run := func(args ...string) (code int, stdout, stderr string) {
		var o, e bytes.Buffer
		code = rewrite(args, &o, &e)
		return code, o.String(), e.String()
	}
	code, stdout, stderr := run("./v4")
	if code != 0 || stdout != "" || !strings.Contains(stderr, "v4/b.go:6:9: rewritten: backoff.Retry: retry.Do\n") || !strings.Contains(stderr, " left\n") {
		t.Errorf("the list: %d, %q, %s", code, stdout, stderr)
	}
	code, stdout, _ = run("-diff", "./v4")
	if code != 0 || !strings.Contains(stdout, "-\treturn backoff.Retry(retry, &backoff.StopBackOff{})\n") {
		t.Errorf("the diff: %d, %s", code, stdout)
	}
	if now, _ := os.ReadFile(name); !bytes.Equal(now, before) {
		t.Error("the file was written without -fix")
	}
	code, stdout, stderr = run("-fix", "./v4")
	if code != 0 || stdout != "" || !strings.Contains(stderr, "next: ") {
		t.Errorf("the fix: %d, %q, %s", code, stdout, stderr)
	}
	if now, _ := os.ReadFile(name); !strings.Contains(string(now), "callagain.Do(") {
		t.Errorf("the file is\n%s", now)
	}
	if code, _, stderr := run("-nonsense"); code != 2 || stderr == "" {
		t.Errorf("a wrong flag: %d, %q", code, stderr)
	}
	if code, _, stderr := run("./nowhere"); code != 1 || !strings.Contains(stderr, "nowhere") {
		t.Errorf("no such package: %d, %q", code, stderr)
	}
}
