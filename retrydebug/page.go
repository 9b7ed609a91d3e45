package retrydebug

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"net/url"
	"strconv"
	"strings"
)

//go:embed page.html
var source string

//go:embed page.css
var styleSheet []byte

//go:embed page.js
var script []byte

var templates = template.Must(template.New("page").Funcs(template.FuncMap{
	"percent": percent, "brief": brief, "reasons": reasons, "waits": waits, "state": state, "line": line, "spread": spread,
	"name":     func(s string) string { return cmp.Or(s, "(no name)") },
	"two":      func(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) },
	"query":    func(s string) string { return "?policy=" + url.QueryEscape(s) },
	"said":     func(u use) string { return u.line() },
	"then":     moment.when,
	"troubled": func(p policy) bool { return p.Recent > 0 },
}).Parse(source))

// A shown page is a snapshot with what a template needs beside it.
type shownPage struct {
	*snapshot
	Operate bool
	Find    string
	Policy  string
}

// content is the page's main element, html the whole page.
func (b *Board) content(v view) []byte { return b.render("main", v) }
func (b *Board) html(v view) []byte    { return b.render("page", v) }

func (b *Board) render(name string, v view) []byte {
	var out bytes.Buffer
	if err := templates.ExecuteTemplate(&out, name, shownPage{b.snapshot(v), b.settings.Operate != nil, v.find, v.policy}); err != nil {
		panic(err) // ours: nothing else is executed, and a buffer takes all
	}
	return out.Bytes()
}

// The picture of attempts per call: from 1 at its foot to top, or more.
const width, height, top = 120.0, 24.0, 4.0

// line is the points of the line of attempts per call. Slots without calls or attempts are left out, and so are points within a flat part.
func line(p policy) string {
	var b strings.Builder
	last, pending := "", ""
	for i, t := range p.Line {
		if t[0] == 0 && t[1] == 0 {
			continue
		}
		a := min(max(amplification(t[0], t[1]), 1), top)
		x, y := float64(i)*width/(shown-1), strconv.FormatFloat(height-1-(a-1)/(top-1)*(height-2), 'f', 1, 64)
		at := fmt.Sprintf("%.0f,%s ", x, y)
		if y == last {
			pending = at
			continue
		}
		b.WriteString(pending)
		b.WriteString(at)
		last, pending = y, ""
	}
	b.WriteString(pending)
	points := strings.TrimSpace(b.String())
	if !strings.Contains(points, " ") {
		return "" // one point is no line
	}
	return points
}

// spread says in words what line shows.
func spread(p policy) string {
	low, high := 0.0, 0.0
	for _, t := range p.Line {
		if t[0] == 0 && t[1] == 0 {
			continue
		}
		a := amplification(t[0], t[1])
		if low == 0 || a < low {
			low = a
		}
		high = max(high, a)
	}
	if high == 0 {
		return "No calls in the last ten minutes"
	}
	return fmt.Sprintf("Attempts per call in the last ten minutes: from %.1f to %.1f", low, high)
}
