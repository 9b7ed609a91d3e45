package main

import (
	"context"
	"embed"
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
	name    string   // of the program's folder
	ours    string   // the module that the user asks for, below github.com/callagain/retry
	others  []string // modules that the user asks for besides
	command bool     // the module is got by go install, and run as commands says
	prints  string   // what the program prints
}

var everybody = []user{
	{name: "core", prints: "3 <nil> 2 200 <nil>"},
	{name: "aws", ours: "retryaws", others: []string{"github.com/aws/aws-sdk-go-v2/service/dynamodb@v1.74.0"}, prints: "3 [one] <nil>"},
	{name: "grpc", ours: "retrygrpc", prints: "3 SERVING <nil>"},
	{name: "connect", ours: "retryconnect", prints: "3 <nil>"},
	{name: "otel", ours: "retryotel", prints: "3 <nil>"},
	{name: "nats", ours: "retrynats", prints: "42 <nil>"},
	{name: "pgx", ours: "retrysql/retrypgx", prints: "true"},
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
		if !m.published {
			continue
		}
		has := func(u user) bool { return modulePath(u.ours) == m.path }
		if i := slices.IndexFunc(everybody, has); i >= 0 {
			err = everybody[i].use(ctx, version, from)
		} else if i := slices.IndexFunc(commands, func(c command) bool { return modulePath(c.ours) == m.path }); i < 0 {
			err = fmt.Errorf("%s has no user in users.go or commands.go", m.path)
		}
		if err != nil {
			return err
		}
		fmt.Printf("%s %s is got, built, run\n", m.path, version)
	}
	for _, c := range commands {
		if err := c.use(ctx, version, from); err != nil {
			return err
		}
	}
	return tidyForUsers(ctx, root, ms, from)
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
	get := append([]string{"get", modulePath(u.ours) + "@" + version}, u.others...)
	for _, args := range [][]string{{"mod", "init", "example.com/user"}, get, {"mod", "tidy"}, {"build", "-o", "program.exe", "."}} {
		if _, err := outputWith(ctx, dir, from.env, "go", args...); err != nil {
			return err
		}
	}
	out, err := output(ctx, dir, filepath.Join(dir, "program.exe"))
	if err != nil {
		return err
	}
	if out != u.prints {
		return fmt.Errorf("the program of %s's user printed %q, not %q", modulePath(u.ours), out, u.prints)
	}
	return u.check(ctx, dir, from)
}

// check fails if the user in dir got a module that isn't part of the program.
func (u *user) check(ctx context.Context, dir string, from *fromProxy) error {
	out, err := outputWith(ctx, dir, from.env, "go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", ".")
	if err != nil {
		return err
	}
	uses := lines(out)
	sum, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	var whole, graph []string
	for _, line := range lines(string(sum)) {
		f := strings.Fields(line)
		if slices.Contains(uses, f[0]) {
			continue
		}
		if strings.HasSuffix(f[1], "/go.mod") {
			graph = append(graph, f[0])
		} else {
			whole = append(whole, f[0])
		}
	}
	fmt.Printf("DEBUG %s whole %q\n   graph %q\n", u.name, whole, graph)
	return nil
}
