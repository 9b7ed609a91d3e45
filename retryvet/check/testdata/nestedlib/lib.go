package nestedlib

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

var Client = retryhttp.NewClient(retry.Policy{})

var Plain = &http.Client{}

func f(context.Context) error { return nil }

func Load(ctx context.Context) error {
	return retry.Do(ctx, retry.Policy{}, f)
}

type Store struct{}

func (s *Store) Save(ctx context.Context) error {
	if err := Load(ctx); err != nil {
		return fmt.Errorf("save: %w", err)
	}
	return nil
}

func Loop(ctx context.Context) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, retry.Policy{}) {
		loop.Done(f(ctx))
	}
	return loop.Err()
}

func Named(ctx context.Context) (err error) {
	err = Load(ctx)
	return
}

func Once(ctx context.Context) error {
	return retry.Do(ctx, retry.Policy{Attempts: 1}, f)
}

func Swallows(ctx context.Context) error {
	if err := Load(ctx); err != nil {
		log.Print(err)
	}
	return f(ctx)
}

func Background(ctx context.Context) error {
	go func() { log.Print(Load(ctx)) }()
	return f(ctx)
}

func Again(ctx context.Context) error {
	return retry.Progress(Load(ctx))
}

func With(ctx context.Context, p retry.Policy, f func(context.Context) error) error {
	return retry.Do(ctx, p, f)
}
