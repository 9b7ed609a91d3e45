package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"
)

// takeHint reads and removes what a run has left in $RETRY_AFTER_FILE: the delay before the
// next one, as a duration or, as in the header Retry-After, as seconds or a date. It's 0 if there is nothing.
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
	content, err := io.ReadAll(io.LimitReader(f, 1000))
	if err != nil {
		return 0, err
	}
	text := strings.TrimSpace(string(content))
	if text == "" {
		return 0, nil
	}
	// The only form of an HTTP date that may still be sent (RFC 9110, section 5.6.7).
	if at, err := time.Parse("Mon, 02 Jan 2006 15:04:05 GMT", text); err == nil {
		return max(at.Sub(now), 0), nil
	}
	d, err := parseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%w, or an HTTP date", err)
	}
	return d, nil
}
