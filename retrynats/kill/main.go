// Command kill shows that durable calls keep what they promise while their processes die.
//
// Worker processes start calls, make attempts, cancel, begin again and ask for results, and are killed by SIGKILL at random moments. What
// they do they write into a ledger, synced, line by line; at the end it is compared with what is stored.
//
//	go run ./kill                              one process at a time on a directory, 200 kills
//	go run ./kill -workers 3                   three processes share the directory, and take it over
//	go run ./kill -workers 3 -stop             the same, and some are stopped for longer than their lease
//	go run ./kill -workers 2 -servers 3        three nats-server processes, whose leaders are killed as well
//	go run ./kill -workers 2 -disk 80          a disk of 80 MB that somebody else fills (as root, on Linux)
//	go run ./kill -workers 2 -clock            the clock of all processes steps by an hour, forward and back, and back and forward
//	go run ./kill -power                       each kill is a power loss: what wasn't synced is gone (as root, with /dev/fuse)
//
// With -servers, -clock also steps the clock of one server, of another, and of the workers, so that they differ; and with -power, a server
// that is killed loses its power, and with -sync sometimes all three.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrynats/internal/apart"
)

// A config is what the processes of a run have in common.
type config struct {
	Dir, URL, Ledger        string
	Load                    int // goroutines that start calls
	Pad                     int // bytes that are added to the argument of a call
	Poison, Last, Verbose   bool
	Reserve                 int64
	kills, workers, servers int
	disk                    int // MB
	stop, sync, step, power bool
	longest, killServers    time.Duration
	ballast                 string // what fills the disk
	bin                     string // of the workers
	clock                   *clock
	lossy                   *power
}

// The exit codes of a worker.
const (
	cannotWork = 3
	cannotOpen = 4 // which is as it should be while all servers are dead
)

var errOpen = errors.New("can't open")

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
	}
	switch {
	case errors.Is(err, errOpen):
		return cannotOpen, true
	case err != nil:
		return cannotWork, true
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
	flag.IntVar(&c.disk, "disk", 0, "the size of a disk that is filled, in MB")
	flag.BoolVar(&c.step, "clock", false, "step clocks")
	flag.BoolVar(&c.power, "power", false, "lose the power at each kill of the one worker, or of a server")
	flag.BoolVar(&c.Verbose, "v", false, "show the engines' logs")
	dir := flag.String("dir", "", "where; a temporary directory if empty")
	flag.Parse()
	if (c.disk > 0 || c.power) && !apart.In() {
		os.Exit(apart.Again())
	}
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
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	c.Ledger, c.bin = filepath.Join(dir, "ledger"), os.Args[0]
	c.Dir = filepath.Join(dir, "calls")
	if c.power && c.servers == 0 && c.workers != 1 {
		return fmt.Errorf("-power is for one worker on a directory, or for -servers")
	}
	if c.disk > 0 {
		disk := filepath.Join(dir, "disk")
		remove, err := apart.Disk(disk, c.disk)
		if err != nil {
			return err
		}
		defer remove()
		c.Dir, c.ballast, c.Pad, c.Reserve = filepath.Join(disk, "calls"), filepath.Join(disk, "ballast"), 10_000, int64(c.disk)<<20/2
	}
	var err error
	if c.step {
		if c.clock, err = newClock(dir); err == nil {
			c.bin, err = c.clock.worker(dir)
		}
		if err != nil {
			return err
		}
	}
	if c.power && c.servers == 0 {
		bin, err := buildLossy(dir)
		if err != nil {
			return err
		}
		if c.lossy, err = newPower(bin, filepath.Join(dir, "disk"), w); err != nil {
			return err
		}
		defer c.lossy.stop()
		c.Dir = filepath.Join(c.lossy.dir, "calls")
	}
	var cl *cluster
	if c.servers > 0 {
		if cl, err = startCluster(dir, c, w); err != nil {
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
	if c.disk > 0 && r.refused == 0 {
		return fmt.Errorf("the disk of %d MB didn't fill up", c.disk)
	}
	return r.err()
}
