package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The page of a running program shows its failures, and no secrets.
func TestDebug(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- run(ctx, "127.0.0.1:0", in) }()
	lines := bufio.NewScanner(out)
	lines.Scan()
	var got struct {
		Policies []struct {
			Name  string
			Saved int
		}
		Transports []struct{ Known int }
	}
	for saved := false; !saved; {
		resp, err := http.Get(lines.Text() + "?format=json")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatal(err)
		}
		if s := string(body); strings.Contains(s, "hunter2") || strings.Contains(s, "secret") {
			t.Fatalf("a secret is in %s", s)
		}
		for _, p := range got.Policies {
			saved = saved || p.Name == "search" && p.Saved > 0 && len(got.Transports) == 1 && got.Transports[0].Known == 3
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
