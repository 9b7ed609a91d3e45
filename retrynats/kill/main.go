// Command kill shows that durable calls keep what they promise while their processes die.
//
// Worker processes start calls, make attempts, cancel, begin again and ask for results, and are killed by SIGKILL at random moments. What
// they do they write into a ledger, synced, line by line; at the end it is compared with what is stored.
//
//	go run ./kill                              one process at a time on a directory, 200 kills
//	go run ./kill -workers 3                   three processes share the directory, and take it over
//	go run ./kill -workers 3 -stop             the same, and some are stopped for longer than their lease
//	go run ./kill -workers 2 -servers 3        three nats-server processes, whose leaders are killed as well
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/callagain/retry"
)

// A config is what the processes of a run have in common.
type config struct {
	Dir, URL, Ledger        string
	Load                    int // goroutines that start calls
	Poison, Last, Verbose   bool
	Reserve                 int64
	kills, workers, servers int
	stop, sync              bool
	longest, killServers    time.Duration
}

var retryOnce = retry.Policy{Attempts: 1}

const variable = "RETRYNATS_KILL"

// child runs a worker process, if this is one.
func child() (code int, ok bool) {
	s := os.Getenv(variable)
	if s == "" {
		return 0, false
	}
	var c config
	err := json.Unmarshal([]byte(s), &c)
	if err == nil {
		err = work(c)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "kill: worker:", err)
		return 3, true
	}
	return 0, true
}

func main() {
	if code, ok := child(); ok {
		os.Exit(code)
	}
	c := config{Poison: true, Reserve: 64 << 20}
	flag.IntVar(&c.kills, "kills", 200, "how often a worker is killed")
	flag.IntVar(&c.workers, "workers", 1, "worker processes at a time")
	flag.IntVar(&c.servers, "servers", 0, "3: a cluster of nats-server processes instead of a directory")
	flag.BoolVar(&c.stop, "stop", false, "also stop workers for longer than their lease")
	flag.BoolVar(&c.sync, "sync", false, "with -servers: sync_interval always")
	flag.DurationVar(&c.killServers, "every", 15*time.Second, "with -servers: how often a leader is killed")
	flag.DurationVar(&c.longest, "longest", 2100*time.Millisecond, "life of a worker")
	flag.IntVar(&c.Load, "load", 4, "goroutines that start calls, per worker")
	flag.BoolVar(&c.Verbose, "v", false, "show the engines' logs")
	dir := flag.String("dir", "", "where; a temporary directory if empty")
	flag.Parse()
	err := run(context.Background(), c, *dir, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "kill:", err)
		os.Exit(1)
	}
}

// run makes a run in a directory and prints its report.
func run(ctx context.Context, c config, dir string, w io.Writer) error {
	if dir == "" {
		tmp, err := os.MkdirTemp("", "kill-*")
		if err != nil {
			return err
		}
		defer os.RemoveAll(tmp)
		dir = tmp
	}
	c.Ledger = filepath.Join(dir, "ledger")
	c.Dir = filepath.Join(dir, "calls")
	var cl *cluster
	if c.servers > 0 {
		var err error
		if cl, err = startCluster(dir, c); err != nil {
			return err
		}
		defer cl.stop()
		c.Dir, c.URL = "", cl.url
	}
	if err := torment(ctx, c, cl, w); err != nil {
		return err
	}
	r, err := check(ctx, c, c.workers > 1 || c.URL != "")
	if err != nil {
		return err
	}
	r.print(w)
	return r.err()
}
