// Package picture draws the trace of docs/observability.md from spans that were recorded.
package picture

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

const (
	width  = 970.0
	left   = 190.0 // of the bars
	right  = 560.0
	top    = 34.0
	row    = 26.0
	bar    = 14.0
	indent = 14.0
)

// shown are the attributes that stand beside a span, by their short names.
var shown = []struct{ key, name string }{
	{"retry.attempt", "attempt"}, {"retry.delay", "delay"}, {"http.request.resend_count", "resend_count"},
	{"http.response.status_code", "status"}, {"retry.outcome", "outcome"}, {"retry.attempts", "attempts"},
}

// Draw draws spans as a waterfall, in light and dark. They must be those of one trace.
func Draw(title string, spans tracetest.SpanStubs) string {
	spans = slices.Clone(spans)
	depth := func(s tracetest.SpanStub) (n int) {
		for p := s.Parent.SpanID(); p.IsValid(); n++ {
			i := slices.IndexFunc(spans, func(t tracetest.SpanStub) bool { return t.SpanContext.SpanID() == p })
			if i < 0 {
				break
			}
			p = spans[i].Parent.SpanID()
		}
		return n
	}
	slices.SortStableFunc(spans, func(a, b tracetest.SpanStub) int {
		if c := a.StartTime.Compare(b.StartTime); c != 0 {
			return c
		}
		return depth(a) - depth(b)
	})
	begin, end := spans[0].StartTime, spans[0].EndTime
	for _, s := range spans {
		if s.EndTime.After(end) {
			end = s.EndTime
		}
	}
	x := func(t time.Time) float64 { return left + (right-left)*float64(t.Sub(begin))/float64(end.Sub(begin)) }

	var b strings.Builder
	bottom := top + row*float64(len(spans))
	fmt.Fprintf(&b, `<svg role="img" aria-label="%s" xmlns="http://www.w3.org/2000/svg" width="%g" height="%g" viewBox="0 0 %[2]g %[3]g" font-family="Liberation Sans,Helvetica,Arial,sans-serif" font-size="11">`+"\n", html.EscapeString(title), width, bottom+30)
	b.WriteString("<style>svg{color:#222}.ok{fill:#0072b2}.bad{fill:#c1440e}@media(prefers-color-scheme:dark){svg{color:#ddd}.ok{fill:#56b4e9}.bad{fill:#ff8c5a}}</style>\n")
	text := func(x, y float64, more, s string) {
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" fill="currentColor"%s>%s</text>`+"\n", x, y, more, html.EscapeString(s))
	}
	text(8, 18, ` font-size="13"`, title)
	for d := time.Duration(0); begin.Add(d).Before(end.Add(1)); d += step(end.Sub(begin)) {
		at := x(begin.Add(d))
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%g" x2="%.1[1]f" y2="%[3]g" stroke="currentColor" stroke-opacity="0.2"/>`+"\n", at, top-4, bottom)
		text(at, bottom+16, ` text-anchor="middle"`, fmt.Sprintf("%d ms", d.Milliseconds()))
	}
	for i, s := range spans {
		y := top + row*float64(i)
		class := "ok"
		if s.Status.Code == codes.Error {
			class = "bad"
		}
		text(8+indent*float64(depth(s)), y+11, "", s.Name)
		fmt.Fprintf(&b, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%g" rx="2"/>`+"\n", class, x(s.StartTime), y, max(x(s.EndTime)-x(s.StartTime), 2), bar)
		text(right+10, y+11, "", beside(s))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// step is the distance of the marks on the axis.
func step(all time.Duration) time.Duration {
	for _, d := range []time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond, time.Second} {
		if all/d <= 8 {
			return d
		}
	}
	return all / 4
}

// beside returns what stands beside a span.
func beside(s tracetest.SpanStub) string {
	var parts []string
	for _, a := range shown {
		for _, kv := range s.Attributes {
			if string(kv.Key) == a.key {
				v := kv.Value.String()
				if a.name == "delay" {
					v = time.Duration(kv.Value.AsFloat64() * float64(time.Second)).String()
				}
				parts = append(parts, a.name+" "+v)
			}
		}
	}
	if d := s.Status.Description; d != "" {
		parts = append(parts, d)
	}
	return strings.Join(parts, ", ")
}
