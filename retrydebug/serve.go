package retrydebug

import (
	"encoding/json"
	"net/http"
	"path"
	"strings"
)

// budgetsShown is how many budgets, and hosts of each transport, the page shows; it says how to find the others.
const budgetsShown = 100

// policyOfContent allows what the page needs: its own script and style, and its own switch.
const policyOfContent = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// ServeHTTP answers with the page, as HTML, JSON or text. With ?policy= it is about one policy, with ?find= about names that have that
// in them; ?format= is html, json or text, for those who can't set Accept.
func (b *Board) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", policyOfContent)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin") // without any, a browser's POST has no origin
	_, name := path.Split(r.URL.Path)
	if name == "switch" {
		b.operate(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "the page takes GET", http.StatusMethodNotAllowed)
		return
	}
	v := view{policy: visible(r.FormValue("policy"), maxName), find: visible(r.FormValue("find"), maxName), most: budgetsShown}
	switch name {
	case "":
		b.page(w, r, v)
	case "events":
		b.live(w, r, v)
	case "page.css":
		h.Set("Content-Type", "text/css; charset=utf-8")
		w.Write(styleSheet)
	case "page.js":
		h.Set("Content-Type", "text/javascript; charset=utf-8")
		w.Write(script)
	default:
		http.Error(w, "not found: the page is at a path that ends in a slash", http.StatusNotFound)
	}
}

func (b *Board) page(w http.ResponseWriter, r *http.Request, v view) {
	w.Header().Set("Vary", "Accept")
	switch format(r) {
	case "json":
		v.most = 0
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(b.snapshot(v)) // an error is the reader's end
	case "html":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(b.html(v))
	default:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		plain(w, b.snapshot(v))
	}
}

// format is the one that the request asks for; text if it doesn't say.
func format(r *http.Request) string {
	if f := r.FormValue("format"); f != "" {
		return f
	}
	accept := strings.Join(r.Header.Values("Accept"), ",")
	for a := range strings.SplitSeq(accept, ",") {
		a, _, _ = strings.Cut(a, ";")
		switch strings.ToLower(strings.TrimSpace(a)) {
		case "application/json":
			return "json"
		case "text/html":
			return "html"
		case "text/plain":
			return "text"
		}
	}
	return "text"
}
