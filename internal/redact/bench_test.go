package redact_test

import (
	"strings"
	"testing"

	"github.com/callagain/retry/internal/redact"
)

// hostile has the texts that would take longest, were any part of them read more than a few times.
var hostile = map[string]string{
	"prose": "dial tcp 127.0.0.1:5432: connect: connection refused\n", "urls": `Get "https://u:p@host/path?k=v": EOF; `, "unquoted": "https://u:p@host/path?k=v ",
	"starts": `"//`, "closed": `"//a" `, "quotes": `"`, "escapedquotes": `\"`, "at": "@", "asks": "?", "asked": "?) ", "hash": "#", "hashes": "a,#a", "topics": " #a", "slashes": "/",
	"backslashes": `\`, "percents": "%", "percent25": "%25", "percent5C": "%5C", "mixed": `\%5C`, "unicode": `\u0025`, "escapedslashes": `\/`, "colons": "a:", "brackets": "//[",
	"nested": "https://h/", "ports": `"//h": invalid port "`, "ats": `"//h@" `, "word": "a", "schemes": "a://", "digits": "#1", "back": `"//a:b"@`,
}

func BenchmarkString(b *testing.B) {
	b.Run("loop", func(b *testing.B) { // for comparison: each byte looked up once
		var table [256]byte
		s, n := strings.Repeat("a", 10<<20), byte(0)
		b.SetBytes(int64(len(s)))
		for b.Loop() {
			for i := range len(s) {
				n |= table[s[i]]
			}
		}
		_ = n
	})
	for name, part := range hostile {
		b.Run(name, func(b *testing.B) {
			s := strings.Repeat(part, 10<<20/len(part))
			b.SetBytes(int64(len(s)))
			for b.Loop() {
				redact.String(s)
			}
		})
	}
}
