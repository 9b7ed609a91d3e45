package record

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"
)

// The subjects of a call are one of these, the name of its function, and a token made of its key.
const (
	Calls     = "retry.c." // the record
	Schedules = "retry.s." // the schedule of a call that waits; then the revision of its record
	Ready     = "retry.r." // the tick of a call that is due
	Events    = "retry.e." // the headers of each record, when it was stored
	Cancels   = "retry.x." // a running attempt is to end
	Workers   = "retry.w." // then a worker's name: is it running that attempt?
	Sweeps    = "retry.m.sweep"
)

const (
	maxName  = 100
	maxKey   = 64 << 10
	maxPlain = 150 // a key up to here is in the subject; the server closes connections that use subjects of more than 4 kB
)

// CheckName reports why a name can't be that of a function.
func CheckName(name string) error {
	for part := range strings.SplitSeq(name, ".") {
		ok := part != "" && len(name) <= maxName
		for _, c := range []byte(part) {
			ok = ok && plain(c)
		}
		if !ok {
			return fmt.Errorf("the name of a function is letters, digits, - and _, with dots between, at most %d in all, and not %.200q", maxName, name)
		}
	}
	return nil
}

// CheckKey reports why a key can't be used.
func CheckKey(key string) error {
	switch {
	case key == "":
		return fmt.Errorf("the key is empty: it must say which call this is, such as an order's number")
	case len(key) > maxKey:
		return fmt.Errorf("the key has %d bytes and may have %d: use a hash of it", len(key), maxKey)
	case !utf8.ValidString(key):
		return fmt.Errorf("the key %.100q isn't valid UTF-8: encode it, for example in base64", key)
	}
	return nil
}

// ID returns the part of a call's subjects that follows the prefix.
func ID(function, key string) string { return function + "." + token(key) }

// Consumer returns the name of the consumer of a function's ticks.
func Consumer(function string) string { return strings.ReplaceAll(function, ".", ":") }

// token makes one token of a subject of any key. Keys of letters, digits, - and _ stay readable; the prefixes keep the other forms
// apart from them and from each other.
func token(key string) string {
	ok := key != "" && len(key) <= maxPlain
	for i := 0; i < len(key) && ok; i++ {
		ok = plain(key[i])
	}
	switch {
	case ok:
		return key
	case len(key) <= maxPlain:
		return "=" + base64.RawURLEncoding.EncodeToString([]byte(key))
	}
	sum := sha256.Sum256([]byte(key))
	return "~" + base64.RawURLEncoding.EncodeToString(sum[:])
}

func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}
