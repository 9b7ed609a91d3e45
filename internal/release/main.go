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
	name, args := args[0], args[1:]
	switch {
	case name == "modules" && len(args) == 0:
		return printModules(root)
	case name == "check" && len(args) == 0:
		return check(ctx, root)
	case name == "try" && len(args) == 1:
		return cut(ctx, root, args[0], true, byUsers)
	case name == "cut" && len(args) == 1:
		return cut(ctx, root, args[0], false, byUsers)
	case name == "proxy" && len(args) == 2:
		return proxyOfTags(ctx, root, args[0], args[1])
	case name == "users" && len(args) == 2:
		return users(ctx, root, args[0], args[1])
	case name == "licenses" && len(args) == 0:
		return licenses(ctx, root)
	case name == "vulnerabilities" && len(args) == 0:
		return vulnerabilities(ctx, root)
	case name == "binaries" && len(args) == 2:
		return binaries(ctx, args[0], args[1], "", systems)
	case name == "binaries" && len(args) == 3:
		return binaries(ctx, args[0], args[1], args[2], systems)
	}
	return fmt.Errorf("%s with %q isn't understood; usage: %s", name, args, usage)
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
