package pictures

import (
	"fmt"
	"time"
)

// An attempt is a run of the function.
type attempt struct {
	from, to time.Duration
	name     string
	failed   bool
	cut      bool // ended from outside: by its timeout, or since another one won
}

// A mark is something that was told at a time.
type mark struct {
	at   time.Duration
	text string
}

// A call is what was recorded of one.
type call struct {
	title    string
	rows     []string // the names of the rows of attempts: one for all, or one for each
	attempts []attempt
	delays   []attempt // of the policy
	told     []mark    // Policy.Observe
	end      time.Duration
	result   string
	step     time.Duration // of the axis
	limits   []mark
}

// draw draws time from left to right: what runs is filled, what waits is outlined.
func (c call) draw() string {
	const left, right, top, height, gap = 88.0, 24.0, 52.0, 26.0, 14.0
	s := &sheet{width: 720}
	scale := (s.width - left - right) / float64(c.end+c.end/20)
	x := func(d time.Duration) float64 { return left + float64(d)*scale }
	s.text(left, 22, "start", "title", c.title)

	rows := 1 + len(c.rows)
	if len(c.told) > 0 {
		rows++
	}
	bottom := top + float64(rows)*(height+gap)
	for d := time.Duration(0); d <= c.end; d += c.step {
		s.line(x(d), top-6, x(d), bottom, "grid")
		s.text(x(d), bottom+16, "middle", "faint", d.String())
	}
	s.line(left, bottom, s.width-right, bottom, "axis")
	s.height = bottom + 28

	y := top
	s.text(left-10, y+17, "end", "small", "call")
	s.bar(x(0), x(c.end), y, height, blue, true)
	s.text(x(c.end)-8, y+17, "end", "small", c.result)
	for i, name := range c.rows {
		y += height + gap
		s.text(left-10, y+17, "end", "small", name)
		if len(c.rows) == 1 {
			for _, d := range c.delays {
				s.bar(x(d.from)+1, x(d.to)-1, y, height, blue, false)
				s.text((x(d.from)+x(d.to))/2, y+17, "middle", "faint", d.name)
			}
		}
		for n, a := range c.attempts {
			if len(c.rows) > 1 && n != i {
				continue
			}
			color := green
			if a.failed {
				color = orange
			}
			s.bar(x(a.from), x(a.to), y, height, color, true)
			s.text(x(a.from)+6, y+17, "start", "small", a.name)
			if a.cut {
				s.line(x(a.to), y-4, x(a.to), y+height+4, "limit")
			}
		}
	}
	for _, l := range c.limits {
		s.line(x(l.at), top-6, x(l.at), bottom, "limit")
		s.text(x(l.at)+4, y+height+gap+12, "start", "faint", l.text)
	}
	if len(c.told) > 0 {
		y += height + gap
		s.text(left-10, y+17, "end", "small", "Observe")
		for _, m := range c.told {
			s.add(`<circle cx="%s" cy="%s" r="3.5" fill="%s"/>`, num(x(m.at)), num(y+13), blue)
			anchor, dx := "start", 8.0
			if m.at == c.end {
				anchor, dx = "end", -8
			}
			s.text(x(m.at)+dx, y+17, anchor, "small", m.text)
		}
	}
	return s.svg(fmt.Sprintf("%s: %d attempts, %v in all", c.title, len(c.attempts), c.end))
}
