package main

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"strconv"
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
	for _, s := range []string{"30 webhooks are accepted", "was killed; 0 webhooks have arrived", "30 of 30 webhooks have arrived"} {
		if !strings.Contains(b.b.String(), s) {
			t.Errorf("no %q in\n%s", s, b.b.String())
		}
	}
	// The six that had no answer, and one more for each that the first sender had on its way when it was killed, or that took too long.
	repeated := regexp.MustCompile(`(\d+) of those were repeated`).FindStringSubmatch(b.b.String())
	if repeated == nil {
		t.Fatal(b.b.String())
	}
	if n, err := strconv.Atoi(repeated[1]); err != nil || n < 6 {
		t.Errorf("%d of those that had no answer were repeated", n)
	}
}
