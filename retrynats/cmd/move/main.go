// Command move copies all durable calls from a directory to a server or cluster, or from one to another. No worker may be running. It may be
// run again after an error: what is there already is left alone, if it is the same.
//
//	go run github.com/callagain/retry/retrynats/cmd/move -dir calls -url nats://a:4222,nats://b:4222,nats://c:4222
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/callagain/retry/retrynats"
)

func main() {
	dir := flag.String("dir", "", "the directory to copy from")
	from := flag.String("from", "", "or the URL of the server to copy from")
	url := flag.String("url", "", "the URL of the server to copy to")
	replicas := flag.Int("replicas", 0, "how many servers store each call; 0: three in a cluster, otherwise one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	n, err := retrynats.Move(ctx, retrynats.Settings{Dir: *dir, URL: *from}, retrynats.Settings{URL: *url, Replicas: *replicas})
	fmt.Println(n, "calls copied")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
