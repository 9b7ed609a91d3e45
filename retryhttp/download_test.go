package retryhttp_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

// A depot serves a content of a version, and breaks the connection after so many bytes of each answer but the last.
type depot struct {
	content  []byte
	header   http.Header
	each     int // 0 for all
	ignore   bool
	requests []http.Header
}

func (d *depot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.requests = append(d.requests, r.Header.Clone())
	for name, values := range d.header {
		w.Header()[name] = values
	}
	if d.ignore {
		r.Header.Del("Range")
	}
	cut := &cutting{ResponseWriter: w, left: d.each}
	changed, _ := http.ParseTime(d.header.Get("Last-Modified"))
	http.ServeContent(cut, r, "", changed, bytes.NewReader(d.content))
	if cut.over {
		panic(http.ErrAbortHandler)
	}
}

type cutting struct {
	http.ResponseWriter
	left int
	over bool
}

func (c *cutting) Write(p []byte) (int, error) {
	if c.left == 0 {
		return c.ResponseWriter.Write(p)
	}
	if len(p) > c.left-1 {
		n, _ := c.ResponseWriter.Write(p[:max(c.left-1, 0)])
		c.left, c.over = 1, true
		c.ResponseWriter.(http.Flusher).Flush()
		return n, io.ErrShortWrite
	}
	c.left -= len(p)
	return c.ResponseWriter.Write(p)
}

func content(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return b
}

// create returns a file that has something in it already.
func create(t *testing.T) *os.File {
	f, err := os.Create(filepath.Join(t.TempDir(), "download"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// A download that is cut, time and again, goes on where it was: each byte is sent once, and a policy of two attempts is enough.
func TestDownloadGoesOn(t *testing.T) {
	for name, header := range map[string]http.Header{
		"etag":          {"Etag": {`"v1"`}},
		"last_modified": {"Last-Modified": {"Sun, 06 Nov 1994 08:49:37 GMT"}},
	} {
		d := &depot{content: content(1 << 20), header: header, each: 100 << 10}
		f := create(t)
		client := &http.Client{Transport: transport(t, retry.Policy{Backoff: retry.List{0, 0}})}
		client.Transport.(*retryhttp.Transport).Budget = unlimited
		n, err := retryhttp.Download(client, request(t, "GET", handling(t, d.ServeHTTP), nil), f)
		got, _ := os.ReadFile(f.Name())
		if err != nil || n != 1<<20 || !bytes.Equal(got, d.content) {
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
		if len(d.requests) != 11 || d.requests[0].Get("Range") != "" {
			t.Errorf("%s: %d requests", name, len(d.requests))
		}
		for _, h := range d.requests[1:] {
			if h.Get("Range") == "" || h.Get("If-Range") == "" || h.Get("Accept-Encoding") != "identity" {
				t.Errorf("%s: a request with %v", name, h)
			}
		}
	}
}

// Where the rest can't be asked for, or isn't what was asked for, the download begins again, and no mixture comes out.
func TestDownloadBeginsAgain(t *testing.T) {
	const size = 300 << 10
	old, young := content(size), bytes.Repeat([]byte("new"), 1000)
	for _, row := range []struct {
		name   string
		header http.Header
		change func(d *depot) // after the first request
		want   []byte
		ranged bool // the second request asks for a range
	}{
		{"no_validator", http.Header{}, nil, old, false},
		{"weak_validator", http.Header{"Etag": {`W/"v1"`}}, nil, old, false},
		{"changed_just_now", http.Header{"Last-Modified": {time.Now().UTC().Format(http.TimeFormat)}}, nil, old, false},
		{"no_ranges", http.Header{"Etag": {`"v1"`}, "Accept-Ranges": {"none"}}, nil, old, false},
		{"ranges_ignored", http.Header{"Etag": {`"v1"`}}, func(d *depot) { d.ignore = true }, old, true},
		{"another_version", http.Header{"Etag": {`"v1"`}}, func(d *depot) {
			d.header, d.content = http.Header{"Etag": {`"v2"`}}, young
		}, young, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := &depot{content: old, header: row.header, each: 200 << 10}
			url := handling(t, func(w http.ResponseWriter, r *http.Request) {
				if len(d.requests) == 1 {
					d.each = 0
					if row.change != nil {
						row.change(d)
					}
				}
				if row.header.Get("Accept-Ranges") != "" {
					w = noRanges{w}
				}
				d.ServeHTTP(w, r)
			})
			f := create(t)
			n, err := retryhttp.Download(&http.Client{Transport: transport(t, three)}, request(t, "GET", url, nil), f)
			got, _ := os.ReadFile(f.Name())
			if err != nil || int(n) != len(row.want) || !bytes.Equal(got, row.want) {
				t.Errorf("%d bytes of %d, %d in the file (%v)", n, len(row.want), len(got), err)
			}
			if len(d.requests) != 2 || (d.requests[1].Get("Range") != "") != row.ranged {
				t.Errorf("%d requests, the last with %v", len(d.requests), d.requests[len(d.requests)-1])
			}
		})
	}
}

// noRanges keeps http.ServeContent from saying that it knows ranges.
type noRanges struct{ http.ResponseWriter }

func (w noRanges) WriteHeader(code int) {
	w.Header().Set("Accept-Ranges", "none")
	w.ResponseWriter.WriteHeader(code)
}
func (w noRanges) Flush() { w.ResponseWriter.(http.Flusher).Flush() }

// A server that sends another part than it was asked for doesn't get it into the file.
func TestDownloadOfWrongRanges(t *testing.T) {
	for _, wrong := range []string{"", "bytes 0-9/10", "bytes 4-9/10", "bytes 5-9/11", "bytes */10", "bytes 5-9/*", "lines 5-9/10", "bytes 5-9", "bytes -9/10"} {
		var requests atomic.Int32
		url := handling(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Etag", `"v1"`)
			switch requests.Add(1) {
			case 1:
				w.Header().Set("Content-Length", "10")
				io.WriteString(w, "01234")
				w.(http.Flusher).Flush()
				panic(http.ErrAbortHandler)
			case 2:
				w.Header().Set("Content-Range", wrong)
				w.WriteHeader(206)
				io.WriteString(w, "xxxxx")
			default:
				if r.Header.Get("Range") != "" {
					t.Errorf("asked for %s after a wrong range", r.Header.Get("Range"))
				}
				io.WriteString(w, "0123456789")
			}
		})
		f := create(t)
		n, err := retryhttp.Download(&http.Client{Transport: transport(t, three)}, request(t, "GET", url, nil), f)
		got, _ := os.ReadFile(f.Name())
		if err != nil || n != 10 || string(got) != "0123456789" || requests.Load() != 3 {
			t.Errorf("%q: %d bytes, %q after %d requests (%v)", wrong, n, got, requests.Load(), err)
		}
	}
}

// A server that drips, a byte for each attempt, makes no progress that counts.
func TestDownloadOfDrips(t *testing.T) {
	d := &depot{content: content(1000), header: http.Header{"Etag": {`"v1"`}}, each: 2}
	n, err := retryhttp.Download(&http.Client{Transport: transport(t, three)}, request(t, "GET", handling(t, d.ServeHTTP), nil), create(t))
	if n != 3 || len(d.requests) != 3 || !errors.Is(err, retry.ErrExhausted) {
		t.Errorf("%d bytes after %d requests (%v)", n, len(d.requests), err)
	}
}

// What can't be written isn't asked for again, and what is no download is refused at once.
func TestDownloadFails(t *testing.T) {
	full := errors.New("no space left on device")
	d := &depot{content: content(1000)}
	url := handling(t, d.ServeHTTP)
	client := &http.Client{Transport: transport(t, three)}
	if _, err := retryhttp.Download(client, request(t, "GET", url, nil), writerAt(func([]byte, int64) (int, error) { return 0, full })); !errors.Is(err, full) || len(d.requests) != 1 {
		t.Errorf("%d requests (%v)", len(d.requests), err)
	}
	s := serve(t, 404)
	if _, err := retryhttp.Download(client, request(t, "GET", s.URL, nil), create(t)); !retryhttp.Status(404)(err) {
		t.Errorf("the error is %v", err)
	}
	ranged := request(t, "GET", url, nil)
	ranged.Header.Set("Range", "bytes=0-1")
	for _, req := range []*http.Request{ranged, request(t, "POST", url, nil)} {
		if _, err := retryhttp.Download(client, req, create(t)); err == nil || len(d.requests) != 1 {
			t.Errorf("%v: %d requests (%v)", req.Method, len(d.requests), err)
		}
	}
}

type writerAt func(p []byte, at int64) (int, error)

func (f writerAt) WriteAt(p []byte, at int64) (int, error) { return f(p, at) }

// A Content-Range is what RFC 9110, section 14.4, says, or it isn't used.
func TestDownloadRanges(t *testing.T) {
	var asked []string
	const whole = "0123456789"
	url := handling(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("Range"))
		w.Header().Set("Etag", `"v1"`)
		from := 0
		if s := r.Header.Get("Range"); s != "" {
			from, _ = strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(s, "bytes="), "-"))
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-9/10", from))
			w.Header().Set("Content-Length", strconv.Itoa(10-from))
			w.WriteHeader(206)
		} else {
			w.Header().Set("Content-Length", "10")
		}
		end := min(from+4, 10)
		io.WriteString(w, whole[from:end])
		w.(http.Flusher).Flush()
		if end < 10 {
			panic(http.ErrAbortHandler)
		}
	})
	f := create(t)
	n, err := retryhttp.Download(&http.Client{Transport: transport(t, three)}, request(t, "GET", url, nil), f)
	got, _ := os.ReadFile(f.Name())
	if want := []string{"", "bytes=4-", "bytes=8-"}; err != nil || n != 10 || string(got) != whole || !slices.Equal(asked, want) {
		t.Errorf("%d bytes, %q, asked for %q (%v)", n, got, asked, err)
	}
}
