package migrate

import (
	"go/ast"
	"go/types"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A helper is a function that the rewritten program needs to do what another library does.
type helper struct {
	imports []string
	text    string
}

var helpers = map[string]helper{
	"retryableClient": {[]string{"errors", "fmt", "math", "net/http", root + "/retryhttp"}, `
// retryableClient returns a client that retries requests as the StandardClient of go-retryablehttp does: whatever their method,
// with their bodies kept in memory, without a budget, and with an error instead of the last answer. retryhttp.NewClient(p)
// retries what is safe to repeat, and returns the last answer.
func retryableClient(p retry.Policy, base http.RoundTripper) *http.Client {
	p.RetryIf = func(failure error) bool {
		if answer, ok := errors.AsType[*retryhttp.StatusError](failure); ok {
			return retryableStatus(answer.StatusCode)
		}
		return retryhttp.Network(failure)
	}
	return &http.Client{Transport: retryableTransport{&retryhttp.Transport{
		Base:       base,
		Policy:     p,
		Budget:     func(string) *retry.Budget { return nil },
		BufferBody: math.MaxInt64,
	}}}
}

func retryableStatus(code int) bool {
	return code == http.StatusTooManyRequests || code >= 500 && code != http.StatusNotImplemented
}

type retryableTransport struct{ *retryhttp.Transport }

func (t retryableTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.Transport.RoundTrip(req.WithContext(retryhttp.WithIdempotent(req.Context())))
	if err == nil && retryableStatus(resp.StatusCode) {
		resp.Body.Close()
		return nil, fmt.Errorf("%s %s: giving up: %s", req.Method, req.URL.Host, resp.Status)
	}
	return resp, err
}
`},
	"backoffDelays": {[]string{"math", "math/rand/v2", "time"}, `
// backoffDelays gives the delays of an ExponentialBackOff of cenkalti/backoff: randomized by the given fraction to both
// sides, and up to that much longer than most. retry.Exponential spreads the delays more, and never exceeds its Max.
func backoffDelays(initial, most time.Duration, multiplier, randomization float64) retry.Seq {
	return func(yield func(time.Duration) bool) {
		if !yield(0) {
			return
		}
		for d := initial; ; {
			wait := float64(d)
			if randomization != 0 {
				wait *= 1 + randomization*(2*rand.Float64()-1)
			}
			if !yield(time.Duration(min(max(wait, 0), math.MaxInt64-1024))) {
				return
			}
			if float64(d) >= float64(most)/multiplier {
				d = most
			} else {
				d = time.Duration(float64(d) * multiplier)
			}
		}
	}
}
`},
	"avastDelays": {[]string{"math", "math/rand/v2", "time"}, `
// avastDelays gives the delays of avast/retry-go: delay, doubled each time if double is true, and up to jitter more; at most
// most, if that isn't 0. retry.Exponential spreads the delays more.
func avastDelays(delay, jitter, most time.Duration, double bool) retry.Seq {
	return func(yield func(time.Duration) bool) {
		if !yield(0) {
			return
		}
		d := delay
		if double {
			d = max(d, 1)
		}
		for {
			wait := d
			if jitter > 0 {
				if wait += rand.N(jitter); wait < 0 {
					wait = math.MaxInt64
				}
			}
			if most > 0 {
				wait = min(wait, most)
			}
			if !yield(wait) {
				return
			}
			if double && d <= math.MaxInt64/2 {
				d *= 2
			}
		}
	}
}
`},
	"doubledDelays": {[]string{"math", "time"}, `
// doubledDelays gives the delays of go-retryablehttp: least, doubled each time, at most most, which may be 0.
func doubledDelays(least, most time.Duration) retry.Seq {
	return func(yield func(time.Duration) bool) {
		if !yield(0) {
			return
		}
		for d := least; yield(min(d, most)); {
			if d > math.MaxInt64/2 {
				d = most
			} else {
				d *= 2
			}
		}
	}
}
`},
	"retryAfter": {[]string{"fmt", "time"}, `
// retryAfter returns an error that is retried no sooner than after d, as RetryAfter of cenkalti/backoff did.
func retryAfter(d time.Duration) error {
	return retry.After(fmt.Errorf("retry after %v", d), d)
}
`},
	"fibonacciDelays": {[]string{"math", "time"}, `
// fibonacciDelays gives the delays of sethvargo/go-retry's NewFibonacci: each is the sum of the two before it.
// retry.Exponential grows faster.
func fibonacciDelays(base time.Duration) retry.Seq {
	return func(yield func(time.Duration) bool) {
		if !yield(0) {
			return
		}
		for a, b := time.Duration(0), base; ; {
			if a, b = b, a+b; b < 0 {
				b = math.MaxInt64
			}
			if !yield(b) {
				return
			}
		}
	}
}
`},
	"jitteredDelays": {[]string{"math/rand/v2", "time"}, `
// jitteredDelays gives the delays of b, each up to jitter and up to the given percentage shorter or longer, as
// sethvargo/go-retry does. The jitter of a retry.Exponential spreads the delays more.
func jitteredDelays(b retry.Backoff, jitter time.Duration, percent float64) retry.Seq {
	return func(yield func(time.Duration) bool) {
		for d := range b.Delays() {
			if d > 0 {
				random := 2*rand.Float64() - 1
				d = max(0, d+time.Duration(random*float64(jitter))+time.Duration(random*percent/100*float64(d)))
			}
			if !yield(d) {
				return
			}
		}
	}
}
`},
}

var declared = regexp.MustCompile(`(?m)^(?:func|type) (\w+)`)

// help makes the rewritten program have a helper, for a call in f. It returns why that isn't possible, or "".
func (p *pkg) help(name string, f *file) (why string) {
	test := func(f *ast.File) bool { return strings.HasSuffix(p.Fset.Position(f.FileStart).Filename, "_test.go") }
	for _, m := range declared.FindAllStringSubmatch(helpers[name].text, -1) {
		obj := p.Types.Scope().Lookup(m[1])
		if obj == nil {
			continue
		}
		at := p.Fset.Position(obj.Pos()).Filename
		if base := filepath.Base(at); !strings.HasPrefix(base, "retry_delays") || strings.HasSuffix(base, "_test.go") && !test(f.syntax) {
			return "the package has something of the name " + m[1] + ", in " + base
		}
		return "" // added before
	}
	for _, i := range helpers[name].imports {
		if p.Types.Scope().Lookup(nameOfImport(i)) != nil {
			return "the package has something of the name " + nameOfImport(i)
		}
	}
	if old := p.helpers[name]; old == nil || test(old.syntax) {
		p.helpers[name] = f
	}
	return ""
}

// nameOfImport returns the name of a package that a helper imports.
func nameOfImport(at string) string { return path.Base(strings.TrimSuffix(at, "/v2")) }

// helperFile returns the source of a file with the named helpers.
func helperFile(pkg *types.Package, names []string) string {
	var imports []string
	var b strings.Builder
	for _, name := range names {
		imports = append(imports, helpers[name].imports...)
		b.WriteString(helpers[name].text)
	}
	slices.Sort(imports)
	imports = slices.Compact(imports)
	var std, ours []string
	for _, i := range append(imports, root) {
		if strings.HasPrefix(i, root) {
			ours = append(ours, strconv.Quote(i))
		} else {
			std = append(std, strconv.Quote(i))
		}
	}
	slices.Sort(ours)
	text := b.String()
	if pkg.Scope().Lookup("retry") != nil {
		ours[0] = "callagain " + ours[0]
		text = regexp.MustCompile(`\bretry\.`).ReplaceAllString(text, "callagain.")
	}
	return "package " + pkg.Name() + "\n\nimport (\n\t" + strings.Join(std, "\n\t") + "\n\n\t" + strings.Join(ours, "\n\t") + "\n)\n" + text
}
