package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// What users write is in folders that the Go tools overlook: it is compiled with what they get, not with this tree.
//
//go:embed testdata/users
var programs embed.FS

// A user is somebody's program, outside of this repository.
type user struct {
	name   string   // of the program's folder
	ours   string   // the module that the user asks for, below github.com/callagain/retry
	others []string // what the user has got before
	prints string   // what the program prints
}

var everybody = []user{
	{name: "core", prints: "3 <nil> 2 200 <nil>"},
	{name: "aws", ours: "retryaws", others: []string{"github.com/aws/aws-sdk-go-v2/service/dynamodb@v1.74.0"}, prints: "3 [one] <nil>"},
	{name: "grpc", ours: "retrygrpc", prints: "3 SERVING <nil>"},
	{name: "connect", ours: "retryconnect", prints: "3 <nil>"},
	{name: "otel", ours: "retryotel", prints: "3 <nil>"},
	{name: "nats", ours: "retrynats", prints: "42 <nil>"},
	{name: "pgx", ours: "retrysql/retrypgx", others: []string{"github.com/jackc/pgx/v5/pgxpool@v5.13.0"}, prints: "true"},
}

// users fails unless programs outside of this repository get each published module by go get or go install, build and
// run with it, and get nothing with it but what they use. The modules are those that proxy, a folder, has of version.
func users(ctx context.Context, root, version, proxy string) error {
	from, err := useProxy(ctx, proxy)
	if err != nil {
		return err
	}
	defer from.remove()
	ms, err := findModules(root)
	if err != nil {
		return err
	}
	for _, m := range ms {
		hasUser := slices.ContainsFunc(everybody, func(u user) bool { return modulePath(u.ours) == m.path })
		hasCommand := slices.ContainsFunc(commands, func(c command) bool { return modulePath(c.ours) == m.path })
		if m.published && !hasUser && !hasCommand {
			return fmt.Errorf("%s has no user in users.go, and isn't in commands.go", m.path)
		}
	}
	var all error
	tell := func(what string, err error) {
		if err != nil {
			all = errors.Join(all, err)
			return
		}
		fmt.Printf("%s %s is got, built, run\n", modulePath(what), version)
	}
	for _, u := range everybody {
		tell(u.ours, u.use(ctx, version, from))
	}
	for _, c := range commands {
		tell(c.ours, c.use(ctx, version, from))
	}
	return errors.Join(all, tidyForUsers(ctx, root, ms, from))
}

func modulePath(ours string) string {
	return strings.TrimSuffix("github.com/callagain/retry/"+ours, "/")
}

func (u *user) use(ctx context.Context, version string, from *fromProxy) error {
	dir, err := os.MkdirTemp("", "release-user-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	text, err := programs.ReadFile("testdata/users/" + u.name + "/main.go")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "main.go"), text, 0o666); err != nil {
		return err
	}
	run := func(args ...string) error {
		_, err := outputWith(ctx, dir, from.env, "go", args...)
		return err
	}
	if err := run("mod", "init", "example.com/user"); err != nil {
		return err
	}
	if u.others != nil {
		if err := run(append([]string{"get"}, u.others...)...); err != nil {
			return err
		}
	}
	without, err := sums(dir)
	if err != nil {
		return err
	}
	if err := run("get", modulePath(u.ours)+"@"+version); err != nil {
		return err
	}
	if err := run("build", "-o", "program.exe", "."); err != nil {
		return err
	}
	out, err := output(ctx, dir, filepath.Join(dir, "program.exe"))
	if err != nil {
		return err
	}
	if out != u.prints {
		return fmt.Errorf("the program of %s's user printed %q, not %q", modulePath(u.ours), out, u.prints)
	}
	return u.check(ctx, dir, from, without)
}

// sums returns the modules that are in the go.sum in dir.
func sums(dir string) (paths []string, err error) {
	sum, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	for _, line := range lines(string(sum)) {
		path, _, _ := strings.Cut(line, " ")
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return slices.Compact(paths), nil
}

// check fails if the user in dir got a module that isn't part of the program on any of the usual systems, and wasn't there without us.
func (u *user) check(ctx context.Context, dir string, from *fromProxy, without []string) error {
	uses := without
	for _, system := range []string{"linux", "darwin", "windows"} {
		env := append(slices.Clip(from.env), "GOOS="+system, "CGO_ENABLED=0")
		out, err := outputWith(ctx, dir, env, "go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", ".")
		if err != nil {
			return err
		}
		uses = append(uses, lines(out)...)
	}
	extra, err := sums(dir)
	if err != nil {
		return err
	}
	extra = slices.DeleteFunc(extra, func(path string) bool { return slices.Contains(uses, path) })
	if len(extra) > 0 {
		return fmt.Errorf("whoever uses %s gets more in go.sum than is used: %s", modulePath(u.ours), strings.Join(extra, ", "))
	}
	return nil
}
