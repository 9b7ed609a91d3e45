package migrate_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/callagain/retry/retryvet/migrate"
)

// What is declared around a row of docs/migrating.md, by the library that it is of.
var around = map[string]struct{ path, params string }{
	"backoff v4":       {"github.com/cenkalti/backoff/v4", "b backoff.BackOff, notify backoff.Notify, made func() func(error, time.Duration), makes func() func() error"},
	"backoff v5":       {"github.com/cenkalti/backoff/v5", "b backoff.BackOff, notify backoff.Notify, options []backoff.RetryOption, v func() (int, error)"},
	"backoff v7":       {"github.com/cenkalti/backoff/v7", "b backoff.BackOff, notify backoff.Notify, options []backoff.RetryOption, v func() (int, error)"},
	"retry-go v4":      {"github.com/avast/retry-go/v4", "notify func(uint, error), options []retry.Option, delay retry.DelayTypeFunc"},
	"retry-go v5":      {"github.com/avast/retry-go/v5", "notify func(uint, error), options []retry.Option, delay retry.DelayTypeFunc"},
	"go-retry":         {"github.com/sethvargo/go-retry", "b retry.Backoff, g func(context.Context) error"},
	"go-retryablehttp": {"github.com/hashicorp/go-retryablehttp", "check retryablehttp.CheckRetry"},
}

var row = regexp.MustCompile("(?m)^\\| ([a-z0-9 -]+) \\| `([^`]+)`[^|]* \\| (rewritten|explained|left) \\|$")

// Each call in the table of docs/migrating.md becomes what the table says.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/migrating.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := row.FindAllStringSubmatch(string(page), -1)
	if len(rows) < 30 {
		t.Fatalf("the table has only %d rows", len(rows))
	}
	dir := copied(t)
	seen := map[string]bool{}
	for i, r := range rows {
		in, ok := around[r[1]]
		if !ok {
			t.Fatalf("%s: there is no such library", r[1])
		}
		seen[r[1]] = true
		n, ctx := "n int", "_ context.Context"
		if strings.Contains(r[2], "ctx") {
			ctx = "ctx context.Context"
		}
		if strings.HasPrefix(r[1], "retry-go") {
			n = "n uint"
		}
		text := fmt.Sprintf("package p\n\nimport (\n\"context\"\n\"errors\"\n\"time\"\n\n%q\n)\n\nvar _ = errors.New\nvar _ time.Duration\n\nfunc row(%s, d time.Duration, %s, err error, f func() error, %s) {\n%s\n}\n",
			in.path, ctx, n, in.params, strings.ReplaceAll(r[2], "; ", "\n"))
		if strings.Contains(r[2], "errors.Is") {
			text = strings.Replace(text, "errors.Is(", "_ = errors.Is(", 1)
		}
		if err := os.MkdirAll(filepath.Join(dir, "page", fmt.Sprint("row", i)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "page", fmt.Sprint("row", i), "a.go"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) < len(around) {
		t.Errorf("there are rows of %v only", seen)
	}
	r, err := migrate.Run(dir, "./page/...")
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		got := migrate.Kind(-1)
		for _, item := range r.Items {
			const signature = 14 // the line
			if filepath.Base(filepath.Dir(item.Pos.Filename)) == fmt.Sprint("row", i) && item.Pos.Line > signature {
				got = max(got, item.Kind)
			}
		}
		if got < 0 || got.String() != row[3] {
			t.Errorf("%s: %s is not %s", row[1], row[2], row[3])
		}
	}
}
