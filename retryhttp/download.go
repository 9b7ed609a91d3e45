package retryhttp

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/redact"
)

// Download writes the answer to req, a GET, to w, and returns its length. It does as [Fetch] does, but an attempt whose connection
// breaks isn't lost: the next one asks for the rest, with Range and If-Range (RFC 9110, sections 14.2 and 13.1.5), if
// the server has told the length and a strong validator. If the server doesn't know ranges, or has another version by then, the
// download begins again at 0.
//
// An attempt that came 64 KiB further than those before counts as [retry.Progress], so that a policy of a few attempts is
// enough for a download of any length. Policy.Timeout limits each attempt, and Policy.Within the whole.
//
// If w has a method Truncate, as an [os.File] has, it is called at the end if more was written before. With an error, Download returns
// how many bytes of the latest version were written, from 0 on. An error of w isn't retried.
func Download(client *http.Client, req *http.Request, w io.WriterAt) (int64, error) {
	if req.Method != "" && req.Method != http.MethodGet || req.Header["Range"] != nil || req.Header["If-Range"] != nil {
		return 0, fmt.Errorf("retryhttp: Download: the request must be a GET without a Range of its own")
	}
	d := &download{w: w, total: -1}
	_, err := fetchAs(client, req, d.ask, d.receive)
	return d.at, err
}

const progressSize = 64 << 10

type download struct {
	w         io.WriterAt
	at        int64  // so many bytes are written
	longest   int64  // and so many were, of any version
	counted   int64  // what counted as progress
	total     int64  // -1 if it isn't known
	validator string // of the version, if the rest of that can be asked for
}

// ask makes the request of an attempt.
func (d *download) ask(req *http.Request) {
	if _, set := req.Header["Accept-Encoding"]; !set {
		req.Header.Set("Accept-Encoding", "identity") // or net/http decompresses, and there are no ranges of that
	}
	if d.validator != "" && 0 < d.at && d.at < d.total {
		req.Header.Set("Range", "bytes="+strconv.FormatInt(d.at, 10)+"-")
		req.Header.Set("If-Range", d.validator)
	}
}

// receive writes the body of an answer.
func (d *download) receive(resp *http.Response) (struct{}, error) {
	var none struct{}
	if resp.StatusCode == http.StatusPartialContent {
		if begin, total, ok := contentRange(resp.Header.Get("Content-Range")); !ok || begin != d.at || total != d.total || d.at == 0 {
			at := d.at
			d.begin(nil)
			got := redact.String(resp.Header.Get("Content-Range"))
			return none, fmt.Errorf("retryhttp: Download: asked for the bytes from %d, got the range %.50q", at, got)
		}
	} else {
		d.begin(resp)
	}
	out := &offsetWriter{d: d}
	_, err := io.Copy(out, resp.Body)
	d.longest = max(d.longest, d.at)
	switch {
	case out.err != nil:
		return none, retry.Stop(out.err)
	case err == nil && d.total >= 0 && d.at != d.total: // a RoundTripper that isn't net/http's
		err = io.ErrUnexpectedEOF
	case err == nil:
		return none, d.truncate()
	}
	if d.at >= d.counted+progressSize {
		d.counted = d.at
		err = retry.Progress(err)
	}
	return none, err
}

// begin begins at 0, with the version that resp is of.
func (d *download) begin(resp *http.Response) {
	d.longest = max(d.longest, d.at)
	d.at, d.total, d.validator = 0, -1, ""
	if resp == nil || resp.Uncompressed || resp.StatusCode != http.StatusOK || resp.ContentLength < 0 {
		return
	}
	d.total = resp.ContentLength
	if !strings.EqualFold(resp.Header.Get("Accept-Ranges"), "none") {
		d.validator = strongValidator(resp.Header)
	}
}

func (d *download) truncate() error {
	if t, ok := d.w.(interface{ Truncate(int64) error }); ok && d.longest > d.at {
		if err := t.Truncate(d.at); err != nil {
			return retry.Stop(err)
		}
	}
	return nil
}

// strongValidator returns what If-Range may have, "" if there is no such thing: an ETag that isn't weak, or the time of a change
// that was a minute before the answer at least, so that there wasn't another in the same second.
func strongValidator(h http.Header) string {
	if etag := h.Get("Etag"); strings.HasPrefix(etag, `"`) && len(etag) > 2 {
		return etag
	}
	changed, err1 := http.ParseTime(h.Get("Last-Modified"))
	date, err2 := http.ParseTime(h.Get("Date"))
	if err := errors.Join(err1, err2); err != nil || date.Sub(changed) < time.Minute {
		return ""
	}
	return h.Get("Last-Modified")
}

// contentRange parses a Content-Range such as "bytes 5-9/10".
func contentRange(s string) (begin, total int64, ok bool) {
	s, unit := strings.CutPrefix(s, "bytes ")
	span, size, slash := strings.Cut(s, "/")
	from, _, dash := strings.Cut(span, "-")
	begin, ok1 := digits(from)
	total, ok2 := digits(size)
	return begin, total, unit && slash && dash && ok1 && ok2
}

// An offsetWriter writes where the download is.
type offsetWriter struct {
	d   *download
	err error
}

func (o *offsetWriter) Write(p []byte) (int, error) {
	n, err := o.d.w.WriteAt(p, o.d.at)
	o.d.at += int64(max(n, 0))
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	o.err = err
	return n, err
}
