package oddrh

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

func TestRequests(t *testing.T) {
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		w.WriteHeader(503)
	}))
	defer server.Close()
	for name, row := range map[string]struct {
		client *http.Client
		want   int32
	}{
		"negative": {Variables(config{-1, time.Hour, time.Hour}), 1},
		"none":     {None(), 1},
		"zero":     {Variables(config{2, 0, 0}), 3},
		"above":    {Variables(config{2, time.Hour, time.Nanosecond}), 3},
	} {
		t.Run(name, func(t *testing.T) {
			requests.Store(0)
			if resp, err := row.client.Get(server.URL); err == nil {
				t.Errorf("the answer is %v", resp.Status)
			}
			if requests.Load() != row.want {
				t.Errorf("%d requests, want %d", requests.Load(), row.want)
			}
		})
	}
}
