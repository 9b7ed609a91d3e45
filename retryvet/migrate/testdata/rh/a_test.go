package rh

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestRequests(t *testing.T) {
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); r.Method == "POST" && string(body) != "body" {
			t.Errorf("the body is %q", body)
		}
		n := requests.Add(1)
		switch r.URL.Path {
		case "/once":
			if n == 1 {
				w.WriteHeader(500)
			}
		case "/never":
			w.WriteHeader(503)
		case "/missing":
			w.WriteHeader(404)
		case "/unknown":
			w.WriteHeader(501)
		}
	}))
	defer server.Close()
	for _, row := range []struct {
		method, path string
		requests     int32
		status       int // 0 for an error
	}{
		{"GET", "/", 1, 200},
		{"GET", "/once", 2, 200},
		{"POST", "/once", 2, 200},
		{"GET", "/never", 3, 0},
		{"POST", "/never", 3, 0},
		{"GET", "/missing", 1, 404},
		{"GET", "/unknown", 1, 501},
	} {
		t.Run(row.method+row.path, func(t *testing.T) {
			requests.Store(0)
			req, err := http.NewRequest(row.method, server.URL+row.path, io.MultiReader(strings.NewReader("body")))
			if err != nil {
				t.Fatal(err)
			}
			status := 0
			resp, err := Client().Do(req)
			if err == nil {
				status = resp.StatusCode
				resp.Body.Close()
			}
			if status != row.status || requests.Load() != row.requests {
				t.Errorf("status %d, %v, after %d requests; want %d after %d", status, err, requests.Load(), row.status, row.requests)
			}
		})
	}
}
