package promises

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry/bench/peers"
)

// A promise is one thing that a caller counts on, with the scenario that puts it to the test.
type promise[L any] struct {
	text string // the promise
	how  string // the exact scenario
	real bool   // on the machine's clock, not on a bubble's
	run  func(t *testing.T, l L) finding

	// remarks are what a reader should know beside what is found, by library: above all, that it's documented so.
	remarks map[string]string
}

// A verdict says how a library fared. Not offered is no fault: the library has nothing that the promise is about.
type verdict string

const (
	kept       verdict = "kept"
	broken     verdict = "broken"
	notOffered verdict = "not offered"
)

// A finding is a verdict with what was seen.
type finding struct {
	verdict verdict
	found   string
}

// is is the finding of a promise that is kept if ok.
func is(ok bool, format string, args ...any) finding {
	v := broken
	if ok {
		v = kept
	}
	return finding{v, fmt.Sprintf(format, args...)}
}

// missing is the finding for a library that doesn't offer what the promise is about.
func missing(why string) finding { return finding{notOffered, why} }

// A topic is what several promises are about: a section of the document.
type topic[L any] struct {
	name     string
	promises []promise[L]
}

func TestPromises(t *testing.T) {
	for _, about := range []topic[peers.Library]{{"Schedules", schedules}, {"Failures", failures}, {"Contexts and nesting", contexts}, {"Hooks", hooks},
		{"Hints", hints}, {"Sharing a policy", sharing}, {"Budgets", budgets}, {"Calls in the background", waiting}} {
		check(t, about, peers.All(), func(l peers.Library) string { return l.Name })
	}
}

func TestHTTPPromises(t *testing.T) {
	check(t, topic[peers.HTTPLibrary]{"HTTP", http_}, peers.AllHTTP(), func(l peers.HTTPLibrary) string { return l.Name })
}

func TestHedgingPromises(t *testing.T) {
	check(t, topic[peers.Hedger]{"Hedged calls", hedging}, peers.AllHedgers()[1:], func(h peers.Hedger) string { return h.Name })
}

// check puts the promises to the libraries.
func check[L any](t *testing.T, about topic[L], libraries []L, nameOf func(L) string) {
	for _, p := range about.promises {
		t.Run(name(p.text), func(t *testing.T) {
			for _, l := range libraries {
				t.Run(name(nameOf(l)), func(t *testing.T) { t.Attr("topic", about.name); checkOne(t, p, l, nameOf(l)) })
			}
		})
	}
}

// checkOne runs p on l, reports what was found as attributes of the test, and fails it if the library is ours and
// the promise is broken.
func checkOne[L any](t *testing.T, p promise[L], l L, library string) {
	var f finding
	if p.real {
		f = guard(t, p, l)
	} else {
		synctest.Test(t, func(t *testing.T) { f = guard(t, p, l) })
	}
	if remark := p.remarks[library]; remark != "" && f.verdict != notOffered {
		f.found += "; " + remark
	}
	t.Attr("promise", p.text)
	t.Attr("how", p.how)
	t.Attr("library", library)
	t.Attr("verdict", string(f.verdict))
	t.Attr("found", f.found)
	if library == peers.Ours && f.verdict != kept {
		t.Errorf("%s\nscenario: %s\n%s: %s", p.text, p.how, f.verdict, f.found)
	}
}

// guard turns what a scenario panics with into a finding.
func guard[L any](t *testing.T, p promise[L], l L) (f finding) {
	defer func() {
		v := recover()
		if missed, ok := v.(peers.NotOffered); ok {
			f = missing(string(missed))
		} else if v != nil {
			t.Logf("%s", debug.Stack())
			f = finding{broken, strings.ReplaceAll(fmt.Sprintf("panics: %v", v), "\n", " ")}
		}
	}()
	return p.run(t, l)
}

// name makes a text fit for the name of a test.
func name(text string) string {
	return strings.NewReplacer(" ", "_", "/", "-", ",", "", "'", "").Replace(text)
}

// prepare is l.Make; it panics with the NotOffered if l can't do what the plan asks.
func prepare(l peers.Library, p peers.Plan) peers.Call {
	call, err := l.Make(p)
	if err != nil {
		panic(err)
	}
	return call
}

// runaway is how many attempts end a scenario that would go on for ever.
const runaway = 10_000

// A record is a function to be called again that remembers when its attempts started and ended.
type record struct {
	begun       time.Time
	starts      []time.Duration // since begun
	ends        []time.Duration
	took        time.Duration // by each attempt
	fail        func(n int) error
	ranAway     bool
	lastContext context.Context
}

// fails returns a record of a function that always fails with err.
func fails(err error) *record {
	return failsWith(func(int) error { return err })
}

// failsWith returns a record of a function whose n-th attempt returns fail(n), and the value n.
func failsWith(fail func(n int) error) *record {
	return &record{begun: time.Now(), fail: fail}
}

func (r *record) attempts() int { return len(r.starts) }

func (r *record) elapsed() time.Duration { return time.Since(r.begun) }

// gaps returns the time between the end of each attempt and the start of the next.
func (r *record) gaps() []time.Duration {
	var gaps []time.Duration
	for i, start := range r.starts[1:] {
		gaps = append(gaps, start-r.ends[i])
	}
	return gaps
}

func (r *record) f(ctx context.Context) (int, error) {
	r.starts = append(r.starts, r.elapsed())
	n := len(r.starts)
	if n > runaway {
		r.ranAway = true
		return n, nil
	}
	r.lastContext = ctx
	time.Sleep(r.took)
	r.ends = append(r.ends, r.elapsed())
	return n, r.fail(n)
}

var errDown = errors.New("the server is down")

// shows reports which of the named errors err leads to, in words.
func shows(err error, name string, target error) string {
	if errors.Is(err, target) {
		return name + " is kept"
	}
	return name + " is lost"
}

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
