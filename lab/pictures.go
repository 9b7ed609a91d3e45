package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/callagain/retry/retrysim"
)

// A picture is one of the documentation.
type picture struct {
	file  string
	title string
	unit  string
	query string // the setup
	names [2]string
	value func(retrysim.Step, *retrysim.Result) float64
	step  time.Duration
}

func load(s retrysim.Step, r *retrysim.Result) float64 { return float64(s.Attempts) / r.Step.Seconds() }

func goodput(s retrysim.Step, r *retrysim.Result) float64 {
	return float64(s.Succeeded) / r.Step.Seconds()
}

var pictures = []picture{
	{"outage.svg", "A server that is silent for ten seconds: its load", "attempts / s", "",
		[2]string{"with a budget", "without"}, load, 0},
	{"budget.svg", "A database that stalls for ten seconds: successful calls", "successful calls / s",
		"clients=28&rate=10&network=0s&workers=1&service=3333333ns&fault=stall&at=20s&lasts=10s&for=4m",
		[2]string{"with a budget", "without"}, goodput, 0},
	{"jitter.svg", "After all connections were cut: the load with and without jitter", "attempts / s",
		"fault=cut&part=0&at=1s&lasts=10ms&for=3s&network=200ms&b.jitter=none",
		[2]string{"full jitter", "none"}, load, 20 * time.Millisecond},
	{"hedging.svg", "Twice the calls for ten seconds: the load with hedging", "attempts / s",
		"clients=100&rate=5.2&network=1ms&workers=29&service=30ms&fault=none&spike=2&at=20s&lasts=10s&for=1m20s&a.hedge=60ms&b.hedge=60ms&b.hedgefree=true&a.attempts=1&b.attempts=1&a.timeout=2s&b.timeout=2s",
		[2]string{"with a budget", "without"}, load, 0},
}

// draw simulates and draws the picture.
func (p picture) draw() (string, error) {
	q, err := url.ParseQuery(p.query)
	if err != nil {
		return "", err
	}
	s, errs := parse(q)
	if len(errs) > 0 {
		return "", fmt.Errorf("%s: %v", p.file, errs)
	}
	var all []series
	if c := s.capacity(); c > 0 && p.unit == "attempts / s" && p.step == 0 {
		all = append(all, series{"capacity", faint, true, xys(0, c, s.For.Seconds(), c)})
	}
	var to time.Duration
	for i, side := range []Side{s.A, s.B} {
		c := s.scenario(side)
		if p.step > 0 {
			c.Step = p.step
		}
		r, err := retrysim.Run(context.Background(), c)
		if err != nil {
			return "", fmt.Errorf("%s: %w", p.file, err)
		}
		to = r.LastFault
		all = append(all, series{p.names[i], colors[i], false, points(r, func(s retrysim.Step) float64 { return p.value(s, r) })})
	}
	return dark(graph(p.title, p.unit, 640, 240, s.FaultAt, to, all)), nil
}

// bandsPicture draws the schedules of the kinds of jitter.
func bandsPicture() string {
	s := standard()
	s.A.Attempts, s.B.Attempts = 6, 6
	s.B.Jitter = "equal"
	return dark(bands(s, [2]string{"full jitter", "equal jitter"}, 640, 240))
}

// writePictures writes all pictures into a folder.
func writePictures(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	write := func(name, svg string) error { return os.WriteFile(filepath.Join(dir, name), []byte(svg), 0o644) }
	for _, p := range pictures {
		svg, err := p.draw()
		if err != nil {
			return err
		}
		if err := write(p.file, svg); err != nil {
			return err
		}
	}
	return write("backoff.svg", bandsPicture())
}
