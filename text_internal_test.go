package retry

import (
	"errors"
	"strings"
	"testing"
)

func FuzzTextIsOneLineWithoutSecrets(f *testing.F) {
	for _, s := range []string{"", "://", "a://b@c?d", "x https://u:p@h/p?q=1#f, then ftp://x@y?z", "://?://@?", "\n://\r"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := text(errors.New(s))
		if strings.ContainsAny(got, "\r\n") {
			t.Fatalf("%q became %q", s, got)
		}
		if !strings.Contains(s, "://") && !strings.ContainsAny(s, "\r\n") && got != s {
			t.Fatalf("%q has no URL and became %q", s, got)
		}
		if again := text(errors.New(got)); again != got {
			t.Fatalf("%q became %q, and then %q", s, got, again)
		}
		// Whatever stands around it, a secret in either place is gone.
		for _, url := range []string{"https://u:SECRET@host/path", "https://host/path?k=SECRET", "db://SECRET@host:1?k=SECRET"} {
			if strings.ContainsAny(s, "\\") || strings.Contains(s, "://") {
				continue // s may end in the middle of a URL of its own
			}
			if got := text(errors.New(s + " " + url + " " + s)); strings.Contains(got, "SECRET") != strings.Contains(s, "SECRET") {
				t.Fatalf("a secret is in %q", got)
			}
		}
	})
}
