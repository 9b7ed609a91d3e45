package main

import (
	"bytes"
	"image/color"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/callagain/retry/retrysim"
)

func init() {
	plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"}
}

// Colors that are told apart on white and on black, also by who can't tell red from green. ink is what isn't one of them; it becomes
// the color of the text around.
var (
	ink    = color.RGBA{0x12, 0x34, 0x56, 0xff}
	shade  = color.NRGBA{0x88, 0x88, 0x88, 0x48}
	faint  = color.RGBA{0x77, 0x77, 0x77, 0xff}
	colors = []color.RGBA{{0x1f, 0x8a, 0xd2, 0xff}, {0xe0, 0x6c, 0x00, 0xff}, {0x2a, 0x9d, 0x5c, 0xff}}
)

// A Graph is a plot with its text.
type Graph struct {
	Name string // in the page
	SVG  string
}

// A series is a line of a graph.
type series struct {
	name   string
	color  color.Color
	dashed bool
	points plotter.XYs
}

// graph draws lines over time. A shaded band marks when something is wrong.
func graph(title, unit string, width, height vg.Length, from, to time.Duration, all []series) string {
	p, legend := canvas(title)
	p.X.Label.Text = "time, s"
	p.Y.Label.Text = unit
	p.Y.Min = 0
	top := 0.0
	for _, s := range all {
		for _, xy := range s.points {
			top = max(top, xy.Y)
		}
	}
	if top == 0 {
		top = 1
	}
	p.Y.Max = 1.05 * top
	if to > from {
		band, err := plotter.NewPolygon(plotter.XYs{{X: from.Seconds(), Y: 0}, {X: to.Seconds(), Y: 0}, {X: to.Seconds(), Y: p.Y.Max}, {X: from.Seconds(), Y: p.Y.Max}})
		must(err)
		band.Color, band.LineStyle.Width = shade, 0
		p.Add(band)
		legend.Add("fault", band)
	}
	for _, s := range all {
		if len(s.points) == 0 {
			continue
		}
		l, err := plotter.NewLine(s.points)
		must(err)
		l.Color, l.Width = s.color, 1.4
		if s.dashed {
			l.Dashes, l.Width = []vg.Length{3, 3}, 1
		}
		p.Add(l)
		legend.Add(s.name, l)
	}
	p.X.Min, p.Y.Max = 0, 1.05*top
	return render(p, legend, width, height)
}

func canvas(title string) (*plot.Plot, *plot.Legend) {
	p := plot.New()
	p.BackgroundColor = nil
	p.Title.Text = title
	p.Title.TextStyle.Color, p.Title.TextStyle.Font.Size = ink, 12
	p.Title.Padding = 4
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Color, a.Label.TextStyle.Color, a.Tick.Color, a.Tick.Label.Color = ink, ink, ink, ink
		a.Label.TextStyle.Font.Size, a.Tick.Label.Font.Size = 10, 9
		a.Padding = 2
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.TickerFunc(ticks), plot.TickerFunc(ticks)
	legend := plot.NewLegend()
	legend.TextStyle.Color, legend.TextStyle.Font.Size = ink, 9
	legend.Top, legend.Left, legend.ThumbnailWidth, legend.Padding = true, true, 16, 2
	legend.YOffs = -22
	grid := plotter.NewGrid()
	grid.Vertical.Width, grid.Horizontal.Color, grid.Horizontal.Width = 0, shade, 0.5
	p.Add(grid)
	return p, &legend
}

// ticks are at round numbers, about six of them.
func ticks(low, high float64) (all []plot.Tick) {
	step := math.Pow(10, math.Floor(math.Log10((high-low)/5)))
	for _, times := range []float64{5, 2} {
		if (high-low)/(step*times) >= 3 {
			step *= times
			break
		}
	}
	for n := math.Ceil(low / step); n*step <= high; n++ {
		label := strconv.FormatFloat(n*step, 'g', 6, 64)
		all = append(all, plot.Tick{Value: n * step, Label: label})
	}
	return all
}

func must(err error) {
	if err != nil {
		panic(err) // of finite points, which there are none of that can't be drawn
	}
}

var size = regexp.MustCompile(`<svg width="([0-9.]+)pt" height="([0-9.]+)pt" viewBox="([^"]*)"`)

// dark makes a picture that is a file of its own readable in dark mode, too.
func dark(svg string) string {
	head, rest, _ := strings.Cut(svg, ">")
	return head + "><style>svg{color:#222}@media(prefers-color-scheme:dark){svg{color:#ddd}}</style>" + rest
}

func xys(x0, y0, x1, y1 float64) plotter.XYs { return plotter.XYs{{X: x0, Y: y0}, {X: x1, Y: y1}} }

// render returns the plot as SVG whose text and axes have the color of the text around it.
func render(p *plot.Plot, legend *plot.Legend, width, height vg.Length) string {
	const beside, edge = 112, 5 // for the legend, and for a reader's font that is larger than the one that was measured
	c := vgsvg.New(width, height)
	all := draw.New(c)
	p.Draw(draw.Crop(all, edge, -beside, edge, -edge))
	legend.Draw(draw.Crop(all, width-beside+4, 0, 0, 0))
	var b bytes.Buffer
	_, err := c.WriteTo(&b)
	must(err)
	s := b.String()
	s = s[strings.Index(s, "<svg"):]
	s = strings.NewReplacer("#123456", "currentColor", "#000000", "currentColor", "font-family:Liberation Sans", "font-family:Liberation Sans,Helvetica,Arial,sans-serif").Replace(s)
	return size.ReplaceAllString(s, `<svg role="img" width="$1" height="$2" viewBox="$3"`)
}

// graphs draws what came of the two policies.
func graphs(s Setup, a, b *retrysim.Result) []Graph {
	const width, height = 560, 210
	to := a.LastFault
	per := a.Step.Seconds()
	draw := func(name, title, unit string, values func(retrysim.Step) float64, more ...series) Graph {
		all := more
		for i, r := range []*retrysim.Result{a, b} {
			all = append(all, series{name: string(rune('A' + i)), color: colors[i], points: points(r, values)})
		}
		return Graph{name, graph(title, unit, width, height, s.FaultAt, to, all)}
	}
	level := func(name string, y float64) []series {
		if y <= 0 {
			return nil
		}
		return []series{{name, faint, true, xys(0, y, a.End.Seconds(), y)}}
	}
	calls := series{"calls", faint, true, points(a, func(s retrysim.Step) float64 { return float64(s.Calls) / per })}
	return []Graph{
		draw("load", "Load on the server", "attempts / s", func(s retrysim.Step) float64 { return float64(s.Attempts) / per }, level("capacity", s.capacity())...),
		draw("goodput", "Goodput", "successful calls / s", func(s retrysim.Step) float64 { return float64(s.Succeeded) / per }, calls),
		latencies(s, a, b, width, height),
		draw("budget", "Budget of a client", "retries available", func(s retrysim.Step) float64 { return s.Budget }),
		{"schedule", bands(s, [2]string{"A", "B"}, width, height)},
	}
}

func latencies(s Setup, a, b *retrysim.Result, width, height vg.Length) Graph {
	var all []series
	for i, r := range []*retrysim.Result{a, b} {
		name := string(rune('A' + i))
		all = append(all,
			series{name + ", 99 of 100", colors[i], false, points(r, func(s retrysim.Step) float64 { return seconds(s.P99, s.Succeeded) })},
			series{name + ", half", colors[i], true, points(r, func(s retrysim.Step) float64 { return seconds(s.P50, s.Succeeded) })})
	}
	return Graph{"latency", graph("Time until success, of successful calls", "s", width, height, s.FaultAt, a.LastFault, all)}
}

// seconds returns d, or what isn't drawn if there were no calls.
func seconds(d time.Duration, n int64) float64 {
	if n == 0 {
		return math.NaN()
	}
	return d.Seconds()
}

// points returns the values of the full steps. What isn't a number is left out.
func points(r *retrysim.Result, value func(retrysim.Step) float64) (all plotter.XYs) {
	for _, s := range r.Steps {
		if y := value(s); !math.IsNaN(y) && s.At+r.Step <= r.End {
			all = append(all, plotter.XY{X: (s.At + r.Step/2).Seconds(), Y: y})
		}
	}
	return all
}

// bands draws when attempts are made at the earliest and at the latest if each fails at once: the bands are what jitter makes of
// the schedule.
func bands(s Setup, names [2]string, width, height vg.Length) string {
	p, legend := canvas("When attempts are made, if each fails at once")
	p.X.Label.Text, p.Y.Label.Text = "time since the call began, s", "attempt"
	p.Y.Min, p.Y.Max = 0.5, 0
	for i, side := range []Side{s.A, s.B} {
		low, middle, high := side.spread()
		offset := 0.12 - 0.24*float64(i)
		for n := range low {
			y := float64(n+1) + offset
			band, err := plotter.NewPolygon(plotter.XYs{{X: low[n], Y: y - 0.1}, {X: high[n], Y: y - 0.1}, {X: high[n], Y: y + 0.1}, {X: low[n], Y: y + 0.1}})
			must(err)
			c := colors[i]
			band.Color, band.LineStyle.Color, band.LineStyle.Width = color.NRGBA{c.R, c.G, c.B, 0x60}, c, 0.7
			mark, err := plotter.NewLine(plotter.XYs{{X: middle[n], Y: y - 0.1}, {X: middle[n], Y: y + 0.1}})
			must(err)
			mark.Color, mark.Width = c, 2
			p.Add(band, mark)
			if n == 0 {
				legend.Add(names[i]+", 98 %", band)
			}
		}
		p.Y.Max = max(p.Y.Max, float64(len(low))+0.5)
	}
	if p.X.Min = 0; p.X.Max <= 0 {
		p.X.Max = 1
	}
	attempts := plot.ConstantTicks{}
	for n := 1; float64(n) < p.Y.Max; n++ {
		attempts = append(attempts, plot.Tick{Value: float64(n), Label: strconv.Itoa(n)})
	}
	p.Y.Tick.Marker = attempts
	return render(p, legend, width, height)
}
