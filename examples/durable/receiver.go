package main

import (
	"net"
	"net/http"
	"sync"
)

// A receiver takes webhooks once for each key, and answers 503 until it is up. It also forgets to answer every fifth one that it took, as a
// network does: then the webhook is sent again.
type receiver struct {
	url string
	srv *http.Server

	mu       sync.Mutex
	isUp     bool
	requests int
	repeated int
	taken    map[string]bool
}

func receive() (*receiver, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{url: "http://" + l.Addr().String() + "/hook", taken: map[string]bool{}}
	r.srv = &http.Server{Handler: r}
	go r.srv.Serve(l)
	return r, nil
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := req.Header.Get("Idempotency-Key")
	switch r.requests++; {
	case !r.isUp:
		w.WriteHeader(http.StatusServiceUnavailable)
	case r.taken[key]:
		r.repeated++
	default:
		r.taken[key] = true
		if len(r.taken)%5 == 0 {
			panic(http.ErrAbortHandler)
		}
	}
}

func (r *receiver) up() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.isUp = true
}

func (r *receiver) arrived() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.taken)
}

func (r *receiver) counts() (requests, repeated int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests, r.repeated
}

func (r *receiver) close() { r.srv.Close() }
