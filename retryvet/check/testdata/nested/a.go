package nested

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
	"vettest/nestedlib"
)

var p retry.Policy

func f(context.Context) error { return nil }

// Reported.

func direct(ctx context.Context) error {
	return retry.Do(ctx, p, func(ctx context.Context) error {
		return retry.Do(ctx, p, f) // want `retry inside retry: retry.Do retries by itself, and what it gives up on ends retry.Do too, so that one of the two policies does nothing; retry in one place`
	})
}

func wrappedError(ctx context.Context) error {
	return retry.Do(ctx, p, func(ctx context.Context) error {
		err := retry.Do(ctx, p, f) // want `retry inside retry`
		if err != nil {
			return fmt.Errorf("inner: %w", err)
		}
		return nil
	})
}

func load(ctx context.Context) error { return retry.Do(ctx, p, f) }

func throughFunction(ctx context.Context) error {
	return retry.Do(ctx, p, func(ctx context.Context) error {
		return load(ctx) // want `load retries by itself`
	})
}

func byName(ctx context.Context) error {
	return retry.Do(ctx, p, load) // want `load retries by itself`
}

func acrossPackages(ctx context.Context, s *nestedlib.Store) error {
	return retry.Do(ctx, p, func(ctx context.Context) error {
		if err := s.Save(ctx); err != nil { // want `Save retries by itself`
			return err
		}
		return nestedlib.Loop(ctx) // want `Loop retries by itself`
	})
}

func methodValue(ctx context.Context, s *nestedlib.Store) error {
	return retry.Do(ctx, p, s.Save) // want `Save retries by itself`
}

func wrapper(ctx context.Context) error {
	return nestedlib.With(ctx, p, func(ctx context.Context) error {
		return load(ctx) // want `load retries by itself, and what it gives up on ends nestedlib.With too`
	})
}

func inLoop(ctx context.Context) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		err := load(ctx) // want `load retries by itself, and what it gives up on ends loop.Attempts too`
		loop.Done(err)
	}
	return loop.Err()
}

func client(ctx context.Context, req *http.Request) error {
	return retry.Do(ctx, p, func(ctx context.Context) error {
		resp, err := nestedlib.Client.Do(req.Clone(ctx)) // want `nestedlib.Client, a client of package retryhttp, retries by itself`
		if err != nil {
			return err
		}
		return resp.Body.Close()
	})
}

func localClient(ctx context.Context) error {
	c := &http.Client{Transport: &retryhttp.Transport{}}
	return retry.Do(ctx, p, func(ctx context.Context) error {
		_, err := c.Get("http://127.0.0.1/") // want `c, a client of package retryhttp, retries by itself`
		return err
	})
}

type api struct {
	client *http.Client
	plain  *http.Client
}

func newAPI() *api {
	return &api{client: retryhttp.NewClient(p), plain: new(http.Client)}
}

func (a *api) get(ctx context.Context) error {
	return retry.Do(ctx, p, func(ctx context.Context) error {
		if _, err := a.plain.Get("http://127.0.0.1/"); err != nil {
			return err
		}
		_, err := a.client.Get("http://127.0.0.1/") // want `a.client, a client of package retryhttp, retries by itself`
		return err
	})
}

// Not reported.

func apart(ctx context.Context) error {
	if err := load(ctx); err != nil {
		return err
	}
	return retry.Do(ctx, p, f)
}

func swallowed(ctx context.Context) error {
	return retry.Do(ctx, p, func(ctx context.Context) error {
		if err := load(ctx); err != nil {
			log.Print(err)
		}
		return nestedlib.Swallows(ctx)
	})
}

func once(ctx context.Context) error {
	return retry.Do(ctx, p, func(ctx context.Context) error {
		if err := nestedlib.Once(ctx); err != nil {
			return err
		}
		return retry.Do(ctx, retry.Policy{Attempts: 1}, f)
	})
}

// A connection that is made again and again may retry what it does.
func session(ctx context.Context) error {
	return retry.Do(ctx, retry.Policy{Attempts: retry.Unlimited}, func(ctx context.Context) error {
		return retry.Progress(load(ctx))
	})
}

func decides(ctx context.Context) error {
	p := retry.Policy{Decide: func(d *retry.Decision) { d.Retry = true }}
	return retry.Do(ctx, p, func(ctx context.Context) error { return load(ctx) })
}

func goes(ctx context.Context) error {
	return retry.Do(ctx, p, func(ctx context.Context) error {
		go load(ctx)
		defer load(ctx)
		return f(ctx)
	})
}

func stopped(ctx context.Context) error {
	return retry.Do(ctx, p, func(ctx context.Context) error {
		return retry.Stop(load(ctx))
	})
}

func plain(ctx context.Context) error {
	return retry.Do(ctx, p, func(ctx context.Context) error {
		_, err := nestedlib.Plain.Get("http://127.0.0.1/")
		return err
	})
}
