package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"sync"
	"testing"
)

// The senders are processes of this binary.
func TestMain(m *testing.M) {
	if dir := os.Getenv("DURABLE_DIR"); dir != "" {
		if err := send(context.Background(), dir, os.Getenv("DURABLE_URL"), os.Getenv("DURABLE_ACCEPT") != "", os.Stdout); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// The program writes to it, and what copies its senders' output does.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer // not embedded: io.Copy would find its ReadFrom
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func TestEveryWebhookArrivesOnceThoughItsSenderWasKilled(t *testing.T) {
	b := new(locked)
	if err := show(t.Context(), b); err != nil {
		t.Fatalf("%v\n%s", err, b.b.String())
	}
	for _, s := range []string{"30 webhooks are accepted", "was killed; 0 webhooks have arrived", "30 of 30 webhooks have arrived", "6 of those were repeated"} {
		if !strings.Contains(b.b.String(), s) {
			t.Errorf("no %q in\n%s", s, b.b.String())
		}
	}
}
