package retrynats

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callagain/retry"
)

const secretURL = "https://user:hunter2@host/path?token=s3cret#fr4gment"

type rude struct{ secret string }

func (r rude) Error() string { panic("I won't say " + r.secret) }

// What is stored of a failure is read by others and much later; what is logged, as well.
func TestWhatIsStoredAndLoggedOfAFailureHasNoSecret(t *testing.T) {
	var mu sync.Mutex
	var log bytes.Buffer
	e := open(t, Settings{Log: slog.New(slog.NewTextHandler(writer(func(b []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return log.Write(b)
	}), nil))})
	down := fmt.Errorf("get %q: %w", secretURL, errDown)
	var mark error
	p := fast(2)
	p.Within = time.Minute
	p.Observe = func(context.Context, retry.Event) { panic("to " + secretURL) }
	p.Decide = func(d *retry.Decision) {
		if errors.Is(d.Err, mark) {
			panic("at " + secretURL)
		}
	}
	mark = errors.New("panic in the policy")
	f := register(t, e, "test.f", p, func(_ context.Context, how string) (int, error) {
		switch how {
		case "stop":
			return 0, retry.Stop(down)
		case "hint":
			return 0, retry.After(down, time.Hour) // too late
		case "panic":
			panic(down)
		case "rude":
			return 0, rude{secretURL}
		case "policy":
			return 0, errors.Join(mark, down)
		}
		return 0, down
	})
	for _, how := range []string{"exhausted", "stop", "hint", "panic", "rude", "policy"} {
		_, err := start(t, f, how, how).Result(t.Context())
		i, infoErr := f.Call(how).Info(t.Context())
		raw, rawErr := e.store.Raw(t.Context(), f.Call(how).id())
		if err == nil || infoErr != nil || rawErr != nil || len(i.Failures) == 0 {
			t.Fatalf("%s: %v, %+v, %v, %v", how, err, i, infoErr, rawErr)
		}
		for what, s := range map[string]string{"record": string(raw), "error": err.Error(), "failure": i.Failures[0].Text, "reason": i.Reason} {
			for _, secret := range []string{"hunter2", "user", "s3cret", "fr4gment"} {
				if strings.Contains(s, secret) {
					t.Errorf("%s: the %s has %q in it:\n%s", how, what, secret, s)
				}
			}
		}
		if !strings.Contains(i.Failures[0].Text, "https://") {
			t.Errorf("%s: nothing is left of %q", how, i.Failures[0].Text)
		}
		if how == "panic" && !strings.Contains(i.Failures[0].Text, "secret_test.go") {
			t.Errorf("the panic's stack is gone from %q", i.Failures[0].Text)
		}
	}
	until(t, "the observer's panics are logged", func() bool { mu.Lock(); defer mu.Unlock(); return strings.Contains(log.String(), "https://") })
	shutDown(e)
	mu.Lock()
	defer mu.Unlock()
	if s := log.String(); strings.Contains(s, "hunter2") || strings.Contains(s, "s3cret") {
		t.Errorf("logged:\n%s", s)
	}
}

func TestAnErrorOfOpenHasNoPassword(t *testing.T) {
	_, err := Open(t.Context(), Settings{URL: "nats://user:hunter2@127.0.0.1:1"})
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("%v", err)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }
