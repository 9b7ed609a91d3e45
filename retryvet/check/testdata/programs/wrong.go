package programs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

// The context of the method's caller is the one that everything knows by its name.
func (p *poller) cancel(ctx context.Context, url string) error {
	return retry.Do(ctx, p.policy, func(c context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodDelete, url, nil) // want `the attempt uses ctx, the context of the whole call`
		if err != nil {
			return err
		}
		resp, err := p.http.Do(req)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	})
}

// A context that is derived from the caller's is the caller's too.
func derived(ctx context.Context, f func(context.Context) error) error {
	return retry.Do(ctx, retry.Policy{Timeout: time.Second}, func(context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, time.Second) // want `the attempt uses ctx, the context of the whole call`
		defer cancel()
		return f(ctx)
	})
}

type result struct{ items []string }

// A handler that makes its client learns nothing.
func forward(w http.ResponseWriter, r *http.Request) {
	client := retryhttp.NewClient(retry.Policy{Attempts: 3}) // want `a Transport made for one call`
	resp, err := client.Get("http://127.0.0.1/" + r.URL.Path)
	if err != nil {
		http.Error(w, "failed", http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	io.Copy(w, resp.Body)
}

func policyOf(name string) retry.Policy {
	return retry.Policy{Name: name, Budget: new(retry.Budget)}
}

// A policy made for each call brings its budget.
func byName(ctx context.Context, f func(context.Context) error) error {
	p := retry.Policy{Attempts: 3}
	p.Budget = &retry.Budget{Ratio: 0.2} // want `a Budget made for one call limits nothing`
	return retry.Do(ctx, p, f)
}

func hedged(ctx context.Context, get func(context.Context) (string, error)) (string, error) {
	return retry.Hedge(retry.HedgeSettings{}, get)(ctx) // want `a hedge made for one call`
}

type repo struct{ client *http.Client }

func newRepo() *repo { return &repo{client: retryhttp.NewClient(retry.Policy{})} }

// get retries, though nothing here says so.
func (r *repo) get(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return "", fmt.Errorf("get %s: %w", url, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

func twice(ctx context.Context, r *repo) (string, error) {
	return retry.Get(ctx, retry.Policy{}, func(ctx context.Context) (string, error) {
		return r.get(ctx, "http://127.0.0.1/") // want `retry inside retry: get retries by itself`
	})
}

func twiceFar(ctx context.Context, r *repo) error {
	return retry.Do(ctx, retry.Policy{}, func(ctx context.Context) error {
		s, err := r.get(ctx, "http://127.0.0.1/") // want `retry inside retry: get retries by itself`
		if err != nil {
			failure := fmt.Errorf("twice: %w", err)
			return failure
		}
		_ = s
		return nil
	})
}

func forgets(ctx context.Context, f func(context.Context) error) {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, retry.Policy{}) { // want `nobody looks at loop.Err`
		loop.Done(f(ctx))
	}
}

func early(ctx context.Context, begin, commit func(context.Context) error) error {
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, retry.Policy{}) {
		if err := begin(ctx); err != nil {
			loop.Done(err)
			continue
		}
		loop.Done(nil)
		if err := commit(ctx); err != nil { // want `commit can fail after loop.Done\(nil\)`
			return err
		}
	}
	return loop.Err()
}

func compares(ctx context.Context, f func(context.Context) error) error {
	if err := retry.Do(ctx, retry.Policy{}, f); err == context.DeadlineExceeded { // want `context.DeadlineExceeded is wrapped`
		return nil
	} else if err == retry.ErrBudget { // want `retry.ErrBudget is always wrapped`
		return errors.New("overloaded")
	}
	return nil
}

func startsIt(ctx context.Context, f func(context.Context) (int, error)) {
	go retry.Get(ctx, retry.Policy{}, f) // want `the error of retry.Get is not used`
}
