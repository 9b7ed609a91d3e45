// Package pictures draws those pictures of the documentation that show single calls and a budget. What they show is recorded by the
// package's test from real calls in virtual time; those of fleets are drawn by the lab. To draw them again:
//
//	go test ./internal/pictures -draw
package pictures

import (
	"fmt"
	"html"
	"strings"
)

// Colors that are told apart on white and on black, also by who can't tell red from green. Text and lines have the color of the
// reader's scheme.
const (
	blue   = "#1f8ad2"
	orange = "#e06c00"
	green  = "#2a9d5c"
)

// A sheet is an SVG picture in the making. Lengths are in pixels.
type sheet struct {
	width, height float64
	body          strings.Builder
}

func (s *sheet) add(format string, args ...any) { fmt.Fprintf(&s.body, format+"\n", args...) }

// num formats a length.
func num(x float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", x), "0"), ".")
}

func (s *sheet) text(x, y float64, anchor, class, text string) {
	s.add(`<text x="%s" y="%s" text-anchor="%s" class="%s">%s</text>`, num(x), num(y), anchor, class, html.EscapeString(text))
}

func (s *sheet) line(x1, y1, x2, y2 float64, class string) {
	s.add(`<line x1="%s" y1="%s" x2="%s" y2="%s" class="%s"/>`, num(x1), num(y1), num(x2), num(y2), class)
}

// bar draws a rectangle. A bar that is only outlined is something that doesn't run.
func (s *sheet) bar(x1, x2, y, height float64, color string, filled bool) {
	fill, dash := ` fill-opacity=".25"`, ""
	if !filled {
		fill, dash = ` fill-opacity="0"`, ` stroke-dasharray="3 3"`
	}
	s.add(`<rect x="%s" y="%s" width="%s" height="%s" rx="3" fill="%s" stroke="%s"%s%s/>`, num(x1), num(y), num(x2-x1), num(height), color, color, fill, dash)
}

// svg returns the picture with a title for those who can't see it.
func (s *sheet) svg(title string) string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" role="img" width="%s" height="%s" viewBox="0 0 %s %s">
<title>%s</title>
<style>
svg{color:#222;font:12px Helvetica,Arial,sans-serif}
@media(prefers-color-scheme:dark){svg{color:#ddd}}
text{fill:currentColor}.title{font-size:15px}.small{font-size:11px}.faint{opacity:.75;font-size:11px}
line,polyline{stroke:currentColor;fill:none}.grid{opacity:.2}.axis{opacity:.7}.limit{stroke-dasharray:4 3;opacity:.8}
.blue{stroke:%s;stroke-width:1.8}.orange{stroke:%s;stroke-width:1.8}.shade{fill:#888;fill-opacity:.28}
</style>
%s</svg>
`, num(s.width), num(s.height), num(s.width), num(s.height), html.EscapeString(title), blue, orange, s.body.String())
}
