package costs

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/callagain/retry/bench/peers"
)

// serve is the server of the HTTP benchmarks, in a process of its own so that its work isn't counted as the client's.
// It answers on loopback until standard input ends: 200 with a short body; but 503 to one in ten of the requests to /flaky.
func serve() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		l.Close()
	}()
	var flaky atomic.Int64
	body := bytes.Repeat([]byte("x"), 1024)
	err = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/flaky" && flaky.Add(1)%10 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		w.Write(body)
	}))
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// startServer returns the server's address.
func startServer(b *testing.B) string {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "COSTS_SERVER=1")
	child.Stderr = os.Stderr
	stdin, err := child.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := child.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := child.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		stdin.Close()
		if err := child.Wait(); err != nil {
			b.Error(err)
		}
	})
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return "http://" + strings.TrimSpace(address)
}

// A doer is a client of any library.
type doer interface {
	Do(*http.Request) (*http.Response, error)
}

// clients returns each library's client over base, with five attempts and no delay. Ours has its budget turned off: at one
// failure in ten it would begin to refuse retries, and so do less than the others.
func clients(base http.RoundTripper) []struct {
	lib string
	doer
} {
	all := []struct {
		lib string
		doer
	}{{"hand", handClient{&http.Client{Transport: base}}}, {"plain", &http.Client{Transport: base}}}
	for _, l := range peers.AllHTTP() {
		lib := l.Name
		if lib == peers.Ours {
			lib = "callagain"
		}
		all = append(all, struct {
			lib string
			doer
		}{lib, l.Client(peers.HTTPPlan{Attempts: attempts, NoBudget: true}, base)})
	}
	return all
}

// A handClient is what a careful person would write around http.Client.
type handClient struct{ client *http.Client }

func (h handClient) Do(req *http.Request) (*http.Response, error) {
	for i := 1; ; i++ {
		resp, err := h.client.Do(req)
		if err != nil || resp.StatusCode != http.StatusServiceUnavailable || i == attempts {
			return resp, err
		}
		io.CopyN(io.Discard, resp.Body, 64<<10)
		resp.Body.Close()
		if req.GetBody != nil {
			again := *req
			if again.Body, err = req.GetBody(); err != nil {
				return nil, err
			}
			req = &again
		}
	}
}

// BenchmarkHTTPGet gets from a server that doesn't fail.
func BenchmarkHTTPGet(b *testing.B) {
	eachClient(b, func(ctx context.Context, url string) (*http.Request, error) {
		return http.NewRequestWithContext(ctx, "GET", url, nil)
	}, "/")
}

// BenchmarkHTTPPost posts a body of 1 KiB with an Idempotency-Key to a server that answers 503 to one request in ten.
func BenchmarkHTTPPost(b *testing.B) {
	body := bytes.Repeat([]byte("x"), 1024)
	eachClient(b, func(ctx context.Context, url string) (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, "POST", url, bytes.NewReader(body))
		if err == nil {
			req.Header.Set("Idempotency-Key", "7")
		}
		return req, err
	}, "/flaky")
}

func eachClient(b *testing.B, request func(ctx context.Context, url string) (*http.Request, error), path string) {
	url := startServer(b) + path
	var dials atomic.Int64
	base := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		dials.Add(1)
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}
	for _, c := range clients(base) {
		b.Run("lib="+c.lib, func(b *testing.B) {
			b.ReportAllocs()
			base.CloseIdleConnections()
			failed := 0
			ctx := context.Background()
			once := func() {
				req, err := request(ctx, url)
				if err != nil {
					b.Fatal(err)
				}
				resp, err := c.Do(req)
				if err != nil {
					b.Fatal(err)
				}
				if resp.StatusCode != http.StatusOK {
					failed++
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			once() // connects
			dials.Store(0)
			for b.Loop() {
				once()
			}
			if failed > 1 && c.lib != "plain" {
				b.Fatalf("%d of %d requests failed in the end", failed, b.N)
			}
			b.ReportMetric(float64(dials.Load())/float64(b.N), "conns/op")
		})
	}
}
