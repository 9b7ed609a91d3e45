package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/callagain/retry/retrynats/internal/host"
	"github.com/callagain/retry/retrynats/internal/load"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// byHand is what a careful person writes: a synced work queue, one message for each job with its key as the message's ID, explicit acks, the
// server's count of deliveries as the number of the attempt, and NakWithDelay to try again.
type byHand struct {
	h     *host.Host
	nc    *nats.Conn
	js    jetstream.JetStream
	delay time.Duration
	stop  jetstream.ConsumeContext
}

func openByHand(ctx context.Context, dir string, delay time.Duration, url string) (load.Queue, error) {
	b := &byHand{delay: delay}
	var err error
	options := []nats.Option{}
	if url == "" {
		if b.h, err = host.Open(ctx, dir, nuid.Next(), slog.New(slog.DiscardHandler), func() {}); err != nil {
			return nil, err
		}
		if options, err = b.h.Options(); err != nil {
			return nil, err
		}
		url = "nats://127.0.0.1"
	}
	if b.nc, err = nats.Connect(url, options...); err != nil {
		return nil, err
	}
	if b.js, err = jetstream.New(b.nc); err != nil {
		return nil, err
	}
	_, err = b.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{Name: "WORK", Subjects: []string{"work"}, Retention: jetstream.WorkQueuePolicy, Storage: jetstream.FileStorage})
	return b, err
}

func (b *byHand) Start(ctx context.Context, key string) error {
	_, err := b.js.PublishMsg(ctx, &nats.Msg{Subject: "work", Data: []byte(load.Body), Header: nats.Header{"Key": {key}, jetstream.MsgIDHeader: {key}}})
	return err
}

func (b *byHand) Work(attempt func(string, int) error) error {
	c, err := b.js.CreateOrUpdateConsumer(context.Background(), "WORK", jetstream.ConsumerConfig{Durable: "work", AckPolicy: jetstream.AckExplicitPolicy, AckWait: 5 * time.Second, MaxAckPending: 200000})
	if err != nil {
		return err
	}
	free := make(chan struct{}, load.Slots)
	b.stop, err = c.Consume(func(m jetstream.Msg) {
		free <- struct{}{}
		go func() {
			defer func() { <-free }()
			d, err := m.Metadata()
			if err != nil {
				return
			}
			n := int(d.NumDelivered)
			switch err := attempt(m.Headers().Get("Key"), n); {
			case err == nil:
				m.Ack()
			case n >= load.Attempts:
				m.Term()
			default:
				m.NakWithDelay(b.delay)
			}
		}()
	}, jetstream.PullMaxMessages(load.Slots))
	return err
}

func (b *byHand) Close() {
	if b.stop != nil {
		b.stop.Stop()
	}
	b.nc.Close()
	if b.h != nil {
		b.h.Close()
	}
}
