package pictures

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A sample is what was seen at a time.
type sample struct {
	at       time.Duration
	level    int     // Budget.Available
	attempts float64 // a second
	calls    float64 // a second
}

// A level is a budget over time, above what it does to the load.
type level struct {
	title    string
	samples  []sample
	from, to time.Duration // the outage
	notes    []mark
}

func (l level) draw() string {
	const left, right, top, height, between = 64.0, 20.0, 50.0, 130.0, 46.0
	s := &sheet{width: 720, height: top + 2*height + between + 44}
	end := l.samples[len(l.samples)-1].at
	x := func(d time.Duration) float64 { return left + (s.width-left-right)*d.Seconds()/end.Seconds() }
	s.text(left, 22, "start", "title", l.title)

	panel := func(top float64, name string, most, step float64, value func(sample) float64, class string, dashed func(sample) float64) {
		y := func(v float64) float64 { return top + height - height*v/most }
		s.add(`<rect x="%s" y="%s" width="%s" height="%s" class="shade"/>`, num(x(l.from)), num(top), num(x(l.to)-x(l.from)), num(height))
		for v := 0.0; v <= most; v += step {
			s.line(left, y(v), s.width-right, y(v), "grid")
			s.text(left-8, y(v)+4, "end", "faint", strconv.FormatFloat(v, 'g', 4, 64))
		}
		s.line(left, top+height, s.width-right, top+height, "axis")
		s.text(left, top-8, "start", "small", name)
		draw := func(class string, value func(sample) float64) {
			var points []string
			for _, p := range l.samples {
				points = append(points, num(x(p.at))+","+num(y(min(value(p), most))))
			}
			s.add(`<polyline class="%s" points="%s"/>`, class, strings.Join(points, " "))
		}
		if dashed != nil {
			draw("limit", dashed)
		}
		draw(class, value)
	}
	panel(top+8, "retries that the budget would allow now (Budget.Available)", 40, 10, func(p sample) float64 { return float64(p.level) }, "blue", nil)
	second := top + 8 + height + between
	panel(second, "attempts a second (dashed: calls)", 40, 10, func(p sample) float64 { return p.attempts }, "orange", func(p sample) float64 { return p.calls })
	for d := time.Duration(0); d <= end; d += 30 * time.Second {
		s.text(x(d), second+height+16, "middle", "faint", fmt.Sprint(d.Seconds())+" s")
	}
	for _, n := range l.notes {
		s.text(x(n.at), top+8+24, "start", "faint", n.text)
	}
	s.text(x(l.from)+4, second+14, "start", "faint", "outage")
	return s.svg(l.title)
}
