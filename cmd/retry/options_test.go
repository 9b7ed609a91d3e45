package main

import (
	"strings"
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"0": 0, "10": 10 * time.Second, "1.5": 1500 * time.Millisecond, "250ms": 250 * time.Millisecond,
		"1h30m": 90 * time.Minute, "1d12h": 36 * time.Hour, "1.5d": 36 * time.Hour, "2d": 48 * time.Hour, ".5": 500 * time.Millisecond,
		"1e-10": 1, "0.0000000000001d": 8, // little isn't nothing, which is no limit
	} {
		if got, err := parseDuration(s); got != want || err != nil {
			t.Errorf("%q: %v, %v; want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "s", "-1", "-1s", "1 s", "1e300", "NaN", "inf", "1y", "--", "d", "1d1", "-1d", "1d-1h", "1dd", "9999999999999"} {
		if got, err := parseDuration(s); err == nil {
			t.Errorf("%q: %v, want an error", s, got)
		}
	}
}

func FuzzParseDuration(f *testing.F) {
	f.Add("1h30m")
	f.Add("1e3d")
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := parseDuration(s); err == nil && d < 0 {
			t.Errorf("%q is %v", s, d)
		}
	})
}

func FuzzParseOutcomes(f *testing.F) {
	f.Add("1,75,100-110,timeout")
	f.Fuzz(func(t *testing.T, s string) {
		var set outcomes
		if parseOutcomes(&set, s) == nil && len(set) == 0 {
			t.Errorf("%q is a list of nothing, without an error", s)
		}
	})
}

func TestSplit(t *testing.T) {
	for s, want := range map[string]string{
		"":                       "",
		"  \t\n ":                "",
		"a b":                    "a|b",
		` -n 3  --until 'x  y' `: "-n|3|--until|x  y",
		`"a 'b' \" \\ \n"`:       `a 'b' " \ \n`,
		`a\ b 'c\'d`:             `a b|c\d`,
		`''`:                     "",
		`x""y`:                   "xy",
		`$HOME * ~ #`:            "$HOME|*|~|#",
	} {
		got, err := split(s)
		if strings.Join(got, "|") != want || err != nil {
			t.Errorf("%q: %q, %v; want %q", s, got, err, want)
		}
	}
	if got, _ := split(`''`); len(got) != 1 {
		t.Errorf("an empty quotation is a word: %q", got)
	}
}

// Any words can be quoted, and come back.
func FuzzSplit(f *testing.F) {
	f.Add("a b", "it's")
	f.Fuzz(func(t *testing.T, a, b string) {
		split(a) // must not panic
		quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
		got, err := split(quote(a) + " " + quote(b))
		if err != nil || len(got) != 2 || got[0] != a || got[1] != b {
			t.Errorf("%q, %q: %q, %v", a, b, got, err)
		}
	})
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 1: "1ms", 1500 * time.Microsecond: "2ms", 1234 * time.Millisecond: "1.23s", 12345 * time.Millisecond: "12.3s",
		time.Minute: "1m", 90 * time.Second: "1m30s", 10 * time.Minute: "10m", time.Hour: "1h", 90 * time.Minute: "1h30m",
		2*time.Hour + time.Second: "2h", 36 * time.Hour: "36h",
	} {
		if got := short(d); got != want {
			t.Errorf("%d: %q, want %q", d, got, want)
		}
	}
}

func TestTakeHint(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, " \n": 0, "120": 2 * time.Minute, "1.5\n": 1500 * time.Millisecond, "2m": 2 * time.Minute, "120\r\n": 2 * time.Minute,
		"Sun, 01 Mar 2026 12:00:30 GMT": 30 * time.Second, "Sun, 01 Mar 2026 11:00:00 GMT": 0,
	} {
		if got, err := hintFrom(t, text, now); got != want || err != nil {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"soon", "-1", "9223372037", strings.Repeat("9", 5000)} {
		if got, err := hintFrom(t, text, now); err == nil {
			t.Errorf("%.20q: %v, want an error", text, got)
		}
	}
	if got, err := takeHint("/nonexistent/x", now); got != 0 || err != nil {
		t.Errorf("none: %v, %v", got, err)
	}
}
