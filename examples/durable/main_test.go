package main

import (
	"bytes"
	"context"
	"os"
	"strings"
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

func TestEveryWebhookArrivesOnceThoughItsSenderWasKilled(t *testing.T) {
	var b bytes.Buffer
	if err := show(t.Context(), &b); err != nil {
		t.Fatalf("%v\n%s", err, &b)
	}
	for _, s := range []string{"30 webhooks are accepted", "was killed; 0 webhooks have arrived", "30 of 30 webhooks have arrived", "6 of those were repeated"} {
		if !strings.Contains(b.String(), s) {
			t.Errorf("no %q in\n%s", s, &b)
		}
	}
}
