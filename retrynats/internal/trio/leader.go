package trio

import (
	"context"
	"fmt"
	"time"

	"github.com/callagain/retry/retrynats/internal/store"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Leader returns the name of the server that leads one of the two streams, or else a consumer of the one with the ticks.
func Leader(url, what string) (string, error) {
	nc, err := nats.Connect(url)
	if err != nil {
		return "", err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var i *jetstream.ClusterInfo
	if what == store.CallsStream || what == store.WakeStream {
		s, err := js.Stream(ctx, what)
		if err != nil {
			return "", err
		}
		i = s.CachedInfo().Cluster
	} else {
		c, err := js.Consumer(ctx, store.WakeStream, what)
		if err != nil {
			return "", err
		}
		i = c.CachedInfo().Cluster
	}
	if i == nil || i.Leader == "" {
		return "", fmt.Errorf("%s has none", what)
	}
	return i.Leader, nil
}
