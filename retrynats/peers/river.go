//go:build linux

package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"log/slog"
	"os"
	"time"

	"github.com/callagain/retry/retrynats/internal/load"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
)

const variable = "RETRYNATS_PEERS"

// riverQueue is River: a job is unique by its arguments, fetched more often than by default, and made again after a delay.
type riverQueue struct {
	pool   *pgxpool.Pool
	delay  time.Duration
	client *river.Client[pgx.Tx] // that inserts
	worker *river.Client[pgx.Tx]
}

type job struct {
	Key  string
	Body string
}

func (job) Kind() string { return "job" }

// openRiver opens a database of the directory's.
func openRiver(ctx context.Context, dir string, delay time.Duration, _ string) (load.Queue, error) {
	h := fnv.New64a()
	h.Write([]byte(dir))
	name := fmt.Sprintf("river_%x", h.Sum64())
	url := os.Getenv(variable)
	c, err := pgx.Connect(ctx, url+"postgres")
	if err != nil {
		return nil, err
	}
	defer c.Close(ctx)
	there := false
	if err := c.QueryRow(ctx, "SELECT count(*) > 0 FROM pg_database WHERE datname = $1", name).Scan(&there); err != nil {
		return nil, err
	}
	if !there {
		if _, err := c.Exec(ctx, "CREATE DATABASE "+name); err != nil {
			return nil, err
		}
	}
	r := &riverQueue{delay: delay}
	conf, err := pgxpool.ParseConfig(url + name)
	if err != nil {
		return nil, err
	}
	conf.MaxConns = 30
	if r.pool, err = pgxpool.NewWithConfig(ctx, conf); err != nil {
		return nil, err
	}
	d := riverpgxv5.New(r.pool)
	m, err := rivermigrate.New(d, nil)
	if err != nil {
		return nil, err
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, err
	}
	r.client, err = river.NewClient(d, &river.Config{Logger: slog.New(slog.DiscardHandler)})
	return r, err
}

func (r *riverQueue) Start(ctx context.Context, key string) error {
	_, err := r.client.Insert(ctx, job{key, load.Body}, &river.InsertOpts{MaxAttempts: load.Attempts, UniqueOpts: river.UniqueOpts{ByArgs: true}})
	return err
}

func (r *riverQueue) Work(attempt func(string, int) error) (err error) {
	ws := river.NewWorkers()
	river.AddWorker(ws, river.WorkFunc(func(_ context.Context, j *river.Job[job]) error { return attempt(j.Args.Key, j.Attempt) }))
	r.worker, err = river.NewClient(riverpgxv5.New(r.pool), &river.Config{Logger: slog.New(slog.DiscardHandler), Workers: ws, RetryPolicy: r,
		Queues:        map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: load.Slots}},
		FetchCooldown: 20 * time.Millisecond, FetchPollInterval: 100 * time.Millisecond})
	if err != nil {
		return err
	}
	return r.worker.Start(context.Background())
}

// NextRetry is for the client.
func (r *riverQueue) NextRetry(*rivertype.JobRow) time.Time { return time.Now().Add(r.delay) }

func (r *riverQueue) Close() {
	if r.worker != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		r.worker.StopAndCancel(ctx)
	}
	r.pool.Close()
}
