package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
	"github.com/callagain/retry/retrynats"
)

// A Webhook is what is stored: what to send, and where.
type Webhook struct {
	URL  string
	Body string
}

// policy is patient: a receiver may be down for a day.
var policy = retry.Policy{
	Name:     "webhook",
	Attempts: retry.Unlimited,
	Within:   24 * time.Hour,
	Timeout:  10 * time.Second,
	Backoff:  retry.Exponential{Initial: 100 * time.Millisecond, Max: time.Second}, // for a real one: a second, and an hour
}

// send is the sender. It is all that a program needs.
func send(ctx context.Context, dir, url string, accept bool, out io.Writer) error {
	engine, err := retrynats.Open(ctx, retrynats.Settings{Dir: filepath.Join(dir, "calls")})
	if err != nil {
		return err
	}
	defer engine.Close(ctx)
	deliver, err := retrynats.Register(engine, "webhook.deliver", policy, post)
	if err != nil {
		return err
	}
	if accept {
		for i := range webhooks {
			key := fmt.Sprintf("order-%d", i)
			if _, err := deliver.Start(ctx, key, Webhook{url, fmt.Sprintf(`{"order":%d,"paid":true}`, i)}); err != nil {
				return err
			}
		}
		fmt.Fprintf(out, "%d webhooks are accepted: stored, whatever happens to this process\n", webhooks)
		time.Sleep(500 * time.Millisecond) // some attempts
		if err := os.WriteFile(filepath.Join(dir, "accepted"), nil, 0o600); err != nil {
			return err
		}
		<-ctx.Done() // it is killed before
		return context.Cause(ctx)
	}
	for i := range webhooks {
		if _, err := deliver.Call(fmt.Sprintf("order-%d", i)).Result(ctx); err != nil {
			return err
		}
	}
	return nil
}

// client makes one attempt of each request: the call around it retries.
var client = retryhttp.NewClient(retry.Policy{Attempts: 1})

// post makes one attempt. The key of the call is the same for all attempts, in whatever process, and is sent as the Idempotency-Key.
func post(ctx context.Context, h Webhook) (status int, err error) {
	attempt, _ := retrynats.Current(ctx)
	req, err := http.NewRequestWithContext(retryhttp.WithKey(ctx, attempt.Key), http.MethodPost, h.URL, strings.NewReader(h.Body))
	if err != nil {
		return 0, retry.Stop(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		// An error of a call within a call isn't retried, unless it is marked: here the inner one has made one attempt only.
		return 0, retry.After(err, 0)
	}
	defer resp.Body.Close()
	return resp.StatusCode, retryhttp.Check(resp)
}
