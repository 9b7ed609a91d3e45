package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

// checkout returns a repository like this one's, with what is committed here, on a branch of its own.
func checkout(t *testing.T) string {
	t.Helper()
	for _, who := range []string{"AUTHOR", "COMMITTER"} {
		t.Setenv("GIT_"+who+"_NAME", "Somebody")
		t.Setenv("GIT_"+who+"_EMAIL", "somebody@example.com")
	}
	dir, remove, err := cloneOf(t.Context(), "../..", "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(remove)
	git(t, dir, "checkout", "-q", "-b", "somewhere")
	for _, tag := range lines(git(t, dir, "tag")) {
		git(t, dir, "tag", "-d", tag)
	}
	return dir
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := output(t.Context(), dir, "git", args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A release is one commit with the tags of all published modules, and the branch goes on after it. With -long, users outside of the
// checkout can get it.
func TestARelease(t *testing.T) {
	const version = "v0.1.0"
	root := checkout(t)
	before := git(t, root, "rev-parse", "HEAD")
	try := func(ctx context.Context, r *release) error { // users see the tagged commit
		_, err := output(ctx, r.clone, "git", "checkout", "-q", r.tagged)
		return err
	}
	if *long {
		try = byUsers
	}
	if err := cut(t.Context(), root, version, false, try); err != nil {
		t.Fatal(err)
	}
	ms, err := findModules(root)
	if err != nil {
		t.Fatal(err)
	}

	t.Run("All tags are on one commit, below the branch", func(t *testing.T) {
		var tags []string
		for _, m := range ms {
			if m.published {
				tags = append(tags, m.tag(version))
			}
		}
		slices.Sort(tags)
		if got := lines(git(t, root, "tag")); !slices.Equal(got, tags) {
			t.Errorf("the tags are %q, want %q", got, tags)
		}
		for _, tag := range tags {
			if git(t, root, "rev-parse", tag+"^{commit}") != git(t, root, "rev-parse", "HEAD^") {
				t.Errorf("%s isn't on the commit before the branch's last", tag)
			}
		}
		if git(t, root, "rev-parse", "HEAD^^") != before {
			t.Error("there are more than two commits")
		}
	})
	t.Run("The tag leads to no folder, the branch does", func(t *testing.T) {
		for _, m := range ms {
			name := filepath.ToSlash(filepath.Join(m.dir, "go.mod"))
			old, tagged, now := replaces(t, git(t, root, "show", before+":"+name)), replaces(t, git(t, root, "show", version+":"+name)), replaces(t, string(m.mod))
			if m.published && tagged != "" {
				t.Errorf("%s has replace lines in the release: %s", name, tagged)
			}
			if now != old {
				t.Errorf("%s replaces %s after the release, and %s before", name, now, old)
			}
		}
		changed := lines(git(t, root, "diff", "--name-only", before, "HEAD"))
		if i := slices.IndexFunc(changed, func(f string) bool { return filepath.Base(f) != "go.mod" && f != "CHANGELOG.md" }); i >= 0 {
			t.Errorf("%s isn't what it was", changed[i])
		}
		log, _ := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
		if !bytes.Contains(log, []byte("## Unreleased\n\n## 0.1.0 (")) {
			t.Errorf("the changelog begins:\n%.300s", log)
		}
	})

	proxy := t.TempDir()
	if err := proxyOfTags(t.Context(), root, version, proxy); err != nil {
		t.Fatal(err)
	}
	if *long {
		t.Run("Binaries are the same bytes whoever builds them", func(t *testing.T) { sameBytes(t, version, proxy) })
	}
	t.Run("The API is compared with the last release", func(t *testing.T) { apiIsCompared(t, root, version, ms) })
}

var long = flag.Bool("long", false, "have users get, build and run all that is released, and build binaries from nothing: some minutes")

func sameBytes(t *testing.T, version, proxy string) {
	here := []string{"linux/amd64"}
	one, two := t.TempDir(), t.TempDir()
	if err := binaries(t.Context(), version, one, proxy, here); err != nil {
		t.Fatal(err)
	}
	// Somebody else has built nothing yet, and has settings of their own.
	for name, value := range map[string]string{"GOCACHE": t.TempDir(), "CGO_ENABLED": "1", "GOAMD64": "v3", "GOFLAGS": "-ldflags=-X=main.x=y", "GOOS": "plan9"} {
		t.Setenv(name, value)
	}
	if err := binaries(t.Context(), version, two, proxy, here); err != nil {
		t.Fatal(err)
	}
	a, _ := os.ReadFile(filepath.Join(one, "SHA256SUMS"))
	b, _ := os.ReadFile(filepath.Join(two, "SHA256SUMS"))
	if len(lines(string(a))) != len(here) || !bytes.Equal(a, b) {
		t.Errorf("built once:\n%s\nand once more:\n%s", a, b)
	}
	data, err := os.ReadFile(filepath.Join(one, "retry_0.1.0_linux_amd64.tar.gz"))
	if err != nil || !strings.Contains(string(a), fmt.Sprintf("%x  retry_0.1.0_linux_amd64.tar.gz", sha256.Sum256(data))) {
		t.Errorf("%v; the sums are\n%s", err, a)
	}
	runsAlone(t, data, "retry "+version)
}

func replaces(t *testing.T, text string) string {
	f, err := modfile.Parse("go.mod", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, r := range f.Replace {
		all = append(all, r.Old.Path+" by "+r.New.Path)
	}
	return strings.Join(all, ", ")
}

// runsAlone fails unless the command in an archive runs where there is nothing else at all, as in a container.
func runsAlone(t *testing.T, archive []byte, prints string) {
	t.Helper()
	g, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	dir, r := t.TempDir(), tar.NewReader(g)
	var names []string
	for {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
		if h.Name == "retry" {
			data, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, h.Name), data, os.FileMode(h.Mode)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if want := []string{"retry", "LICENSE", "LICENSE.go", "retry.1", "completion/retry.bash", "completion/_retry", "completion/retry.fish"}; !slices.Equal(names, want) {
		t.Errorf("the archive has %q, want %q", names, want)
	}
	cmd := exec.Command("/retry", "-n", "2", "--", "/retry", "--version")
	if os.Getuid() == 0 {
		inside(cmd, dir)
	} else {
		cmd.Path, cmd.Args[4] = filepath.Join(dir, "retry"), filepath.Join(dir, "retry")
	}
	cmd.Env = []string{}
	if out, err := cmd.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != prints {
		t.Errorf("alone, it printed %q, %v; want %q", out, err, prints)
	}
}

// apiIsCompared changes the tree of root, which has a release.
func apiIsCompared(t *testing.T, root, last string, ms []*module) {
	ms = ms[:1] // the root module has all kinds of packages, and comparing all takes long
	if err := checkAPI(t.Context(), root, root, last, "v0.1.1", ms); err != nil {
		t.Errorf("a patch that changes nothing: %v", err)
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("new.go", "package retry\n\n// New is new.\nfunc New() {}\n")
	write("internal/attempt/new.go", "package attempt\n\n// New is nobody else's.\nfunc New() {}\n")
	if err := checkAPI(t.Context(), root, root, last, "v0.1.1", ms); err == nil || !strings.Contains(err.Error(), "next minor") {
		t.Errorf("a patch that adds a function: %v", err)
	}
	if err := checkAPI(t.Context(), root, root, last, "v0.2.0", ms); err != nil {
		t.Errorf("a minor version that adds a function: %v", err)
	}
}
