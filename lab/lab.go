package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callagain/retry/retrysim"
)

//go:embed page.html
var pageText string

var document = template.Must(template.New("page").Parse(pageText))

// A lab serves the page and what it asks for.
type lab struct {
	mux     http.ServeMux
	host    string
	slots   chan struct{} // for simulations that run at the same time
	running atomic.Int64
	results results
}

func newLab(host string) *lab {
	l := &lab{host: host, slots: make(chan struct{}, max(2, runtime.NumCPU()))}
	l.mux.HandleFunc("GET /{$}", l.page)
	l.mux.HandleFunc("GET /run", l.run)
	return l
}

func (l *lab) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// A page elsewhere whose name resolves to loopback must not use this one.
	if host, port, err := net.SplitHostPort(r.Host); err != nil || r.Host != l.host && !(host == "localhost" && port == portOf(l.host)) {
		http.Error(w, fmt.Sprintf("this page is served as http://%s/ only", l.host), http.StatusMisdirectedRequest)
		return
	}
	// Nor must a page elsewhere that knows the port make this machine compute.
	if site := r.Header.Get("Sec-Fetch-Site"); r.URL.Path == "/run" && site != "" && site != "same-origin" && site != "none" {
		http.Error(w, "only the page itself may ask for simulations", http.StatusForbidden)
		return
	}
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		http.Error(w, fmt.Sprintf("the link is damaged: %v", err), http.StatusBadRequest)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	l.mux.ServeHTTP(w, r)
}

func portOf(host string) string {
	_, port, _ := net.SplitHostPort(host)
	return port
}

// page serves the form, filled in from the link.
func (l *lab) page(w http.ResponseWriter, r *http.Request) {
	s, errs := parse(r.URL.Query())
	type shown struct {
		field
		Value, Error string
		Bool         bool
		Checked      bool
	}
	type group struct {
		Name   string
		Fields []shown
	}
	var groups []*group
	for _, f := range fields {
		if len(groups) == 0 || groups[len(groups)-1].Name != f.Group {
			groups = append(groups, &group{Name: f.Group})
		}
		v := shown{field: f, Value: f.text(&s), Error: errs[f.Name]}
		if v.Error != "" {
			v.Value = r.URL.Query().Get(f.Name)
		}
		if b, ok := f.at(&s).(*bool); ok {
			v.Bool, v.Checked = true, *b
		}
		g := groups[len(groups)-1]
		g.Fields = append(g.Fields, v)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	document.Execute(w, map[string]any{"Groups": groups, "Presets": presets})
}

// A message is a line of what run answers: how far it is, or what came of it.
type message struct {
	Progress float64           `json:"progress,omitempty"` // from 0 to 1
	Errors   map[string]string `json:"errors,omitempty"`   // by field
	Error    string            `json:"error,omitempty"`    // of none of them
	Link     string            `json:"link,omitempty"`
	Words    string            `json:"words,omitempty"`
	Graphs   []Graph           `json:"graphs,omitempty"`
	Literals []string          `json:"literals,omitempty"`
	Took     string            `json:"took,omitempty"`
}

// run simulates both policies. It answers with lines of JSON: progress while it lasts, then the result. When the caller leaves, the
// simulation ends.
func (l *lab) run(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	s, errs := parse(r.URL.Query())
	if len(errs) > 0 {
		w.WriteHeader(http.StatusUnprocessableEntity)
		out.Encode(message{Errors: errs})
		return
	}
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
	case <-r.Context().Done():
		return
	}
	l.running.Add(1)
	defer l.running.Add(-1)
	began := time.Now()
	var done [2]atomic.Int64
	answer := make(chan message, 1)
	go func() { answer <- compare(r.Context(), s, &l.results, &done) }()
	flush := http.NewResponseController(w)
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case m := <-answer:
			m.Took = time.Since(began).Round(time.Millisecond).String()
			m.Link = link(s)
			out.Encode(m)
			return
		case <-ticker.C:
			now := min(done[0].Load(), done[1].Load())
			out.Encode(message{Progress: max(0.001, float64(now)/float64(s.For))})
			flush.Flush()
		}
	}
}

// compare simulates both sides at the same time, and draws what came of it.
func compare(ctx context.Context, s Setup, known *results, done *[2]atomic.Int64) message {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var results [2]*retrysim.Result
	var wg sync.WaitGroup
	for i, side := range []Side{s.A, s.B} {
		wg.Go(func() {
			r, err := known.ask(ctx, s, side, func(now time.Duration) { done[i].Store(int64(now)) })
			if err != nil {
				cancel(fmt.Errorf("policy %c: %w", 'A'+i, err))
				return
			}
			results[i] = r
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		if errors.Is(err, context.Canceled) {
			err = context.Canceled
		}
		return message{Error: err.Error()}
	}
	return message{Words: words(s, results[0], results[1]), Graphs: graphs(s, results[0], results[1]), Literals: []string{s.A.literal(), s.B.literal()}}
}
