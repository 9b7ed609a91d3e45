//go:build linux

// Command peers measures durable calls beside River, the job queue on PostgreSQL, with the work of bench. It is a module of its own, so that
// users of retrynats don't get River. It needs PostgreSQL's server installed, and starts one of its own on loopback.
//
//	go -C peers run .         all of it
//	go -C peers run . -only kill
package main

import (
	"fmt"
	"os"

	"github.com/callagain/retry/retrynats/internal/load"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run() error {
	// A process that is started to be killed uses the server of the one that has started it.
	if os.Getenv(variable) == "" {
		p, err := startPostgres()
		if err != nil {
			return err
		}
		defer p.stop()
		if err := os.Setenv(variable, p.url); err != nil {
			return err
		}
	}
	return load.Main(load.Kind{Name: "retrynats", Open: load.Durable}, load.Kind{Name: "River", Open: openRiver})
}
