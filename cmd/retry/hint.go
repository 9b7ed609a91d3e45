package main

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/callagain/retry/retryhttp"
)

// takeHint reads and removes what a run has left in $RETRY_AFTER_FILE: the delay before the
// next one, as parseHint and headerHint have it. It's 0 if there is nothing.
// It's read only if it's a file of our own user, and never waited for.
func takeHint(name string, now time.Time) (time.Duration, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|noFollow, 0)
	if errors.Is(err, fs.ErrNotExist) || name == "" {
		return 0, nil
	}
	defer os.RemoveAll(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() || !mine(info) {
		return 0, errors.New("it's not a file of our own user")
	}
	content, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil {
		return 0, err
	}
	text := strings.TrimSpace(string(content))
	if text == "" {
		return 0, nil
	}
	d, err := parseHint(text, now)
	if err != nil {
		if hint, ok := headerHint(text); ok {
			return hint, nil
		}
	}
	return d, err
}

// parseHint reads a duration or, as in the header Retry-After, seconds or a date.
func parseHint(text string, now time.Time) (time.Duration, error) {
	// The only form of an HTTP date that may still be sent (RFC 9110, section 5.6.7).
	if at, err := time.Parse("Mon, 02 Jan 2006 15:04:05 GMT", text); err == nil {
		return max(at.Sub(now), 0), nil
	}
	d, err := parseDuration(text)
	if err != nil { // whatever that is, it isn't ours to print
		return 0, errors.New("it's neither a duration, such as 10 or 2m, nor an HTTP date")
	}
	return d, nil
}

// headerHint reads the header of an HTTP answer, as "curl -D" writes it, or lines of one. Of several answers, as
// after a redirect, the last one counts. It reports whether it is a header.
func headerHint(text string) (time.Duration, bool) {
	status, answer := 0, strings.HasPrefix(text, "HTTP/")
	if answer {
		first, rest, _ := strings.Cut(text[strings.LastIndex("\n"+text, "\nHTTP/"):], "\n")
		if words := strings.Fields(first); len(words) > 1 {
			status, _ = strconv.Atoi(words[1])
		}
		text = rest
	}
	header, err := textproto.NewReader(bufio.NewReader(strings.NewReader(text + "\r\n\r\n"))).ReadMIMEHeader()
	if err != nil {
		return 0, false
	}
	d, ok := retryhttp.Hint(&http.Response{StatusCode: status, Header: http.Header(header)})
	return d, ok || answer
}
