package retrynats

import (
	"context"
	"fmt"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retrynats/internal/store"
	"github.com/callagain/retry/retrynats/internal/trio"
)

// From a directory to a cluster of three real servers, by the command.
func TestMoveFromADirectoryToACluster(t *testing.T) {
	d := dir(t)
	p := retry.Policy{Backoff: retry.List{0, 5 * time.Second}}
	e := open(t, Settings{Dir: d})
	waiting := make(chan struct{})
	f := register(t, e, "test.f", p, func(_ context.Context, n int) (int, error) {
		switch n % 3 {
		case 0:
			return n, nil
		case 1:
			return 0, retry.Stop(errDown)
		}
		<-waiting
		return 0, errDown
	})
	for i := range 90 {
		start(t, f, fmt.Sprint("k", i), i)
	}
	until(t, "the first attempts are made", func() bool { n, _ := f.Count(t.Context()); return n[Done] == 30 && n[Dead] == 30 && n[Running] == 30 })
	e.stop() // no second attempt here, however long it takes to close
	close(waiting)
	if err := e.Close(t.Context()); err != nil {
		t.Fatal(err)
	}

	url := serveThree(t)
	for _, want := range []string{"90 calls copied\n", "0 calls copied\n"} {
		out, err := exec.Command("go", "run", "./cmd/move", "-dir", d, "-url", url).CombinedOutput()
		if err != nil || string(out) != want {
			t.Fatalf("%s, %v", out, err)
		}
	}
	to := open(t, Settings{URL: url})
	for _, name := range []string{store.CallsStream, store.WakeStream} {
		if n := config(t, to, name).Replicas; n != 3 {
			t.Errorf("%s is on %d servers", name, n)
		}
	}
	var runs atomic.Int32
	g := register(t, to, "test.f", p, func(ctx context.Context, n int) (int, error) {
		runs.Add(1)
		if a, _ := Current(ctx); a.Number != 2 || time.Now().Before(a.Due) {
			t.Errorf("%+v", a)
		}
		return -n, nil
	})
	for i := range 90 {
		v, err := g.Call(fmt.Sprint("k", i)).Result(t.Context())
		switch {
		case i%3 == 0 && (v != i || err != nil), i%3 == 1 && (err == nil || err.Error() != "down"), i%3 == 2 && (v != -i || err != nil):
			t.Errorf("k%d: %d, %v", i, v, err)
		}
	}
	if runs.Load() != 30 {
		t.Errorf("%d attempts of the 30 calls that waited", runs.Load())
	}
	// A call that went on there isn't overwritten.
	if _, err := Move(t.Context(), Settings{Dir: d}, Settings{URL: url}); err == nil {
		t.Error("calls in another form were overwritten or overlooked")
	}
}

// serveThree starts a cluster of three real servers.
func serveThree(t *testing.T) string {
	t.Helper()
	bin, err := built()
	if err != nil {
		t.Fatal(err)
	}
	ss, url, err := trio.Start(bin, t.TempDir(), 3, "")
	for _, s := range ss {
		t.Cleanup(s.Kill)
	}
	if err != nil {
		t.Fatal(err)
	}
	return url
}
