package record

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestTheFirstFailureAndTheLatestAreKept(t *testing.T) {
	r := &Record{}
	for r.Attempts = 1; r.Attempts <= 20; r.Attempts++ {
		r.Fail(time.Unix(int64(r.Attempts), 0), "error", fmt.Sprint(r.Attempts))
	}
	var got []string
	for _, f := range r.Failures {
		got = append(got, f.Text)
	}
	if s := strings.Join(got, " "); s != "1 14 15 16 17 18 19 20" {
		t.Errorf("kept %s", s)
	}
}

func TestAHugeTextIsClipped(t *testing.T) {
	r := &Record{}
	r.Fail(time.Now(), "error", strings.Repeat("x", 1<<20)+"\xff")
	if n := len(r.Failures[0].Text); n > maxText+10 {
		t.Errorf("%d bytes kept", n)
	}
	if s := Clip("a\xffb"); s != "a\uFFFDb" {
		t.Errorf("got %q", s)
	}
}

// The records that version 1 wrote. It must stay readable for as long as there is any of it.
const version1 = `{"version":1,"function":"webhook.deliver","key":"order-1","state":"waiting","argument":{"url":"http://x"},` +
	`"started":"2026-11-26T10:00:00.000000001Z","attempts":3,"due":"2026-11-26T10:00:07.123456789Z",` +
	`"position":{"Began":"2026-11-26T10:00:00Z","Attempts":2,"Delays":3,"Last":400000000,"Counts":{"404":1},"Seed":18446744073709551615},` +
	`"crashes":{"Began":"2026-11-26T10:00:00Z","Attempts":1,"Delays":1,"Last":0,"Seed":7},` +
	`"failures":[{"attempt":1,"at":"2026-11-26T10:00:00Z","kind":"error","text":"down"}]}`

func TestVersion1StaysReadable(t *testing.T) {
	r, err := Decode("webhook.deliver.order-1", []byte(version1))
	if err != nil {
		t.Fatal(err)
	}
	if r.Function != "webhook.deliver" || r.Key != "order-1" || r.State != Waiting || r.Attempts != 3 || r.Due.Nanosecond() != 123456789 ||
		r.Position.Attempts != 2 || r.Position.Counts["404"] != 1 || r.Position.Seed != 1<<64-1 || r.Crashes.Attempts != 1 || r.Failures[0].Text != "down" {
		t.Errorf("read %+v", r)
	}
}

func TestANewerRecordIsRecognized(t *testing.T) {
	for _, s := range []string{`{"version":2,"function":"f","key":"k","state":"paused","more":1}`, `{"version":9,"function":{"name":"f"}}`} {
		if _, err := Decode("f.k", []byte(s)); !errors.Is(err, ErrNewer) {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, s := range []string{``, `{}`, `7`, `{"version":1}`, `{"version":1,"function":"f"}`, `{"version":1,"function":"f","key":"other"}`} {
		if _, err := Decode("f.k", []byte(s)); err == nil || errors.Is(err, ErrNewer) {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(version1))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Decode("webhook.deliver.order-1", b)
		if err == nil && (r.Version != Version || ID(r.Function, r.Key) != "webhook.deliver.order-1") {
			t.Errorf("%q was read as %+v", b, r)
		}
	})
}

// Trap 7: a subject of more than 4 kB closes the connection of the whole process.
func TestAnyKeyIsOneShortToken(t *testing.T) {
	seen := map[string]string{}
	keys := []string{"a", "A-b_9", ">", "*", ".", "a.b", " ", "\x00", "ключ", "=", "=YQ", "~", "a ", strings.Repeat("k", 150), strings.Repeat("k", 151),
		strings.Repeat("k", 152), strings.Repeat(">", 150), strings.Repeat("é", 5000)}
	for _, k := range keys {
		if err := CheckKey(k); err != nil {
			t.Errorf("%.20q: %v", k, err)
		}
		s := ID("f", k)
		if len(s) > 300 || strings.Count(s, ".") != 1 || strings.ContainsAny(s, " *>\x00\t\r\n") {
			t.Errorf("%.20q makes %q", k, s)
		}
		if other, ok := seen[s]; ok {
			t.Errorf("%.20q and %.20q make the same subject", k, other)
		}
		seen[s] = k
	}
}

func FuzzKeysStayApart(f *testing.F) {
	f.Add("a", "=YQ")
	f.Add("~x", strings.Repeat("x", 200))
	f.Fuzz(func(t *testing.T, a, b string) {
		if a != b && token(a) == token(b) {
			t.Errorf("%q and %q are one token", a, b)
		}
		if s := token(a); s == "" || strings.ContainsAny(s, ". *>\x00\r\n\t") || len(s) > 210 {
			t.Errorf("%q makes %q", a, s)
		}
	})
}

func TestNamesAndKeysThatCannotBeUsedSayWhy(t *testing.T) {
	for _, n := range []string{"", ".", "a.", ".a", "a..b", "a b", "a.>", "*", "ä", strings.Repeat("a", 101)} {
		if CheckName(n) == nil {
			t.Errorf("name %q was accepted", n)
		}
	}
	for _, n := range []string{"a", "webhook.deliver", "a-b_c.9"} {
		if err := CheckName(n); err != nil {
			t.Errorf("%q: %v", n, err)
		}
	}
	for _, k := range []string{"", strings.Repeat("k", 1<<20), "\xff"} {
		if CheckKey(k) == nil {
			t.Errorf("key %.20q was accepted", k)
		}
	}
}
