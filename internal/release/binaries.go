package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// systems are those that the command is built for.
var systems = []string{
	"darwin/amd64", "darwin/arm64",
	"freebsd/amd64", "freebsd/arm64",
	"linux/386", "linux/amd64", "linux/arm", "linux/arm64", "linux/riscv64",
	"openbsd/amd64", "openbsd/arm64",
	"windows/amd64", "windows/arm64",
}

// settings are all that changes the bytes of a binary, so that nobody's own environment does.
var settings = []string{
	"CGO_ENABLED=0", "GOAMD64=v1", "GOARM64=v8.0", "GO386=sse2", "GOARM=6", "GORISCV64=rva20u64",
	"GOEXPERIMENT=", "GOFIPS140=off", "GOTOOLCHAIN=local", "GOBIN=",
}

// binaries builds the command of a released version for all systems into dir: an archive for each, and SHA256SUMS. The
// module comes from proxy, a folder, or else from where the Go tools get modules, never from this tree: anybody who has
// the same Go gets the same bytes.
func binaries(ctx context.Context, version, dir, proxy string, systems []string) error {
	var env []string
	if proxy != "" {
		from, err := useProxy(ctx, proxy)
		if err != nil {
			return err
		}
		defer from.remove()
		env = from.env
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	files, day, err := filesBeside(ctx, version, env)
	if err != nil {
		return err
	}
	var sums strings.Builder
	for _, system := range systems {
		binary, err := build(ctx, version, system, env)
		if err != nil {
			return err
		}
		name, data, err := archive(version, system, append([]file{binary}, files...), day)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(data), name)
	}
	fmt.Print(sums.String())
	return os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(sums.String()), 0o666)
}

// build builds the command for a system, GOOS/GOARCH.
func build(ctx context.Context, version, system string, env []string) (file, error) {
	gopath, err := os.MkdirTemp("", "release-build-*")
	if err != nil {
		return file{}, err
	}
	defer os.RemoveAll(gopath)
	goos, goarch, _ := strings.Cut(system, "/")
	if !slices.ContainsFunc(env, func(e string) bool { return strings.HasPrefix(e, "GOMODCACHE=") }) {
		cache, err := output(ctx, ".", "go", "env", "GOMODCACHE")
		if err != nil {
			return file{}, err
		}
		env = append(slices.Clip(env), "GOMODCACHE="+cache)
	}
	env = slices.Concat(env, settings, []string{"GOPATH=" + gopath, "GOOS=" + goos, "GOARCH=" + goarch, "GOFLAGS=-modcacherw"})
	if _, err := outputWith(ctx, gopath, env, "go", "install", "-trimpath", "-ldflags=-s -w", "github.com/callagain/retry/cmd/retry@"+version); err != nil {
		return file{}, err
	}
	found, err := filepath.Glob(filepath.Join(gopath, "bin", "retry*")) // for the system that this is
	if err != nil {
		return file{}, err
	}
	cross, err := filepath.Glob(filepath.Join(gopath, "bin", goos+"_"+goarch, "retry*"))
	if err != nil {
		return file{}, err
	}
	if found = append(found, cross...); len(found) != 1 {
		return file{}, fmt.Errorf("building for %s made %q, not one file", system, found)
	}
	data, err := os.ReadFile(found[0])
	return file{filepath.Base(found[0]), 0o755, data}, err
}

// filesBeside returns what an archive has beside the command, and when the version was made. Binaries have to come with
// the notices of our license and of Go's.
func filesBeside(ctx context.Context, version string, env []string) ([]file, time.Time, error) {
	out, err := outputWith(ctx, os.TempDir(), env, "go", "mod", "download", "-json", "github.com/callagain/retry@"+version)
	if err != nil {
		return nil, time.Time{}, err
	}
	var got struct{ Dir, Info string }
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		return nil, time.Time{}, err
	}
	text, err := os.ReadFile(got.Info)
	if err != nil {
		return nil, time.Time{}, err
	}
	var info struct{ Time time.Time }
	if err := json.Unmarshal(text, &info); err != nil {
		return nil, time.Time{}, err
	}
	goroot, err := output(ctx, ".", "go", "env", "GOROOT")
	if err != nil {
		return nil, time.Time{}, err
	}
	var files []file
	for _, f := range []struct{ name, from string }{
		{"LICENSE", filepath.Join(got.Dir, "LICENSE")},
		{"LICENSE.go", filepath.Join(goroot, "LICENSE")},
		{"retry.1", filepath.Join(got.Dir, "cmd", "retry", "man", "retry.1")},
		{"completion/retry.bash", filepath.Join(got.Dir, "cmd", "retry", "completion", "retry.bash")},
		{"completion/_retry", filepath.Join(got.Dir, "cmd", "retry", "completion", "_retry")},
		{"completion/retry.fish", filepath.Join(got.Dir, "cmd", "retry", "completion", "retry.fish")},
	} {
		data, readErr := os.ReadFile(f.from)
		err = errors.Join(err, readErr)
		files = append(files, file{f.name, 0o644, bytes.Clone(data)})
	}
	return files, info.Time, err
}
