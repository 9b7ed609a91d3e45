// Release makes a release of all published modules, and shows beforehand that a user can have it. See docs/releasing.md.
//
//	go -C internal/release run . modules            what is published, and with which tags
//	go -C internal/release run . check              what must be right before a release; changes nothing
//	go -C internal/release run . try v0.1.0         makes the release in a clone, and its users; changes nothing
//	go -C internal/release run . cut v0.1.0         the same, and then moves this checkout's branch on and sets the tags
//	go -C internal/release run . proxy v0.1.0 DIR   a module proxy of a release's tags in DIR
//	go -C internal/release run . users v0.1.0 DIR   builds and runs users' programs with the modules of that proxy
//	go -C internal/release run . licenses           the license of each module that users of ours get
//	go -C internal/release run . vulnerabilities    asks the Go team's database about what they call
//	go -C internal/release run . binaries v0.1.0 DIR [PROXY]  archives of the command for the usual systems, with checksums
//
// It never pushes.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
)

const usage = `release modules | check | try VERSION | cut VERSION | proxy VERSION DIR | users VERSION DIR | licenses |
vulnerabilities | binaries VERSION DIR [PROXY]; see docs/releasing.md`

func main() {
	flag.Usage = func() { fmt.Fprintln(os.Stderr, "usage:", usage) }
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("nothing to do; usage: %s", usage)
	}
	root, err := output(ctx, ".", "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	switch command := strings.Join(args[:1], "") + fmt.Sprint(" ", len(args)); command {
	case "modules 1":
		return printModules(root)
	case "check 1":
		return check(ctx, root)
	case "try 2":
		return cut(ctx, root, args[1], true)
	case "cut 2":
		return cut(ctx, root, args[1], false)
	case "proxy 3":
		dir, err := filepath.Abs(args[2])
		if err != nil {
			return err
		}
		return proxyOfTags(ctx, root, args[1], dir)
	case "users 3":
		dir, err := filepath.Abs(args[2])
		if err != nil {
			return err
		}
		return users(ctx, root, args[1], dir)
	case "licenses 1":
		return licenses(ctx, root)
	case "vulnerabilities 1":
		return vulnerabilities(ctx, root)
	case "binaries 3", "binaries 4":
		return binaries(ctx, args[1], args[2], append(args[3:], "")[0], systems)
	}
	return fmt.Errorf("%q isn't understood; usage: %s", args, usage)
}

func printModules(root string) error {
	ms, err := findModules(root)
	if err != nil {
		return err
	}
	for _, m := range ms {
		if m.published {
			fmt.Printf("%-50s tag %s\n", m.path, m.tag("vX.Y.Z"))
		}
	}
	for _, m := range ms {
		if !m.published {
			fmt.Printf("%-50s not published\n", m.path)
		}
	}
	return nil
}
