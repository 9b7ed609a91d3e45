package redact_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"github.com/callagain/retry/internal/redact"
)

// token is what must not come out, whatever stands around it.
const token = "S3cr3tX7"

// A form is a URL with a secret at its %s.
type form struct {
	url   string
	user  bool // the secret is user info
	loose bool // the URL has no scheme before it: a URL's start in the secret is the URL's start
}

var forms = []form{
	// password
	{"https://u:%s@host/path", true, false}, {"REDIS://u:%s@[::1]:6379/0?x=y", true, false}, {"//u:%s@host:80", true, false}, {"https://:%s@host", true, false},
	{"nats://u:p@a:4222,nats://u:%s@b:4222,nats://c", true, false}, {"https://mirror/https://u:%s@inner/x", true, false}, {"jdbc:mysql://u:%s@host/db", true, false},
	{"u:p%s@tcp(127.0.0.1:3306)/db?x=y", true, true}, {"u:p%s@host/path#f", true, true}, {"redis:u:p%s@h", true, true},
	// user
	{"https://%s:p@host/path", true, false}, {"https://%s@host/path?k=v", true, false}, {"amqp+ssl://%s:@host,amqp://b", true, false}, {"//%s:p@host", true, false},
	{"%s:p@unix(/tmp/x)/db?x=y", true, true},
	// query
	{"https://host/path?%s", false, false}, {"https://[fe80::1%%25en0]:80?k=%s", false, false}, {"https://u:p@host/t(K='a',R='b')?%s#f", false, false}, {"//host?k=%s", false, false}, {"https://host/https://inner/?k=%s", false, false},
	{"/login?k=%s", false, false}, {"login?k=%s", false, false}, {"mailto:bob@host?body=%s", false, false}, {"u:p@tcp(h:1)/db?k=%s", false, false}, {"file:///path?%s", false, false}, {"https://a/b,https://c?k=%s", false, false},
	// fragment
	{"https://host/path#%s", false, false}, {"https://host#%s", false, false}, {"https://host/path?#%s", false, false}, {"/cb#k=%s", false, false}, {"u:p@host/path#%s", false, false},
}

// escape writes what a URL consists of as JSON's escapes.
var escape = strings.NewReplacer(":", `\u003a`, "/", `\u002F`, "@", `\u0040`, "?", `\u003f`, "#", `\u0023`, "&", `\u0026`, "=", `\u003d`)

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func parsed(s string) string {
	_, err := url.Parse(s)
	return fmt.Sprint(err)
}

// The texts that a URL is put into.
var embeddings = []struct {
	name string
	in   func(url string) string
}{
	{"bare", func(s string) string { return s }},
	{"reason", func(s string) string { return "GET " + s + ": connection refused" }},
	{"url.Error", func(s string) string { return (&url.Error{Op: "Get", URL: s, Err: errors.New("EOF")}).Error() }},
	{"url.Parse", parsed},
	{"wrapped", func(s string) string { return "main.go:12: call: " + parsed(s) + `; Get "https://host/x": EOF` }},
	{"joined", func(s string) string { return errors.Join(errors.New(parsed(s)), errors.New(s)).Error() }},
	{"behind another", func(s string) string { return `Get "https://host/x": EOF; then ` + s }},
	{"json", func(s string) string { return `unexpected answer {"next":` + quoted(s) + `,"code":404}` }},
	{"json in json", func(s string) string { return `{"body":` + quoted(`{"next":`+quoted(s)+`,"code":404}`) + `}` }},
	{"json slashes", func(s string) string { return `{"next":` + strings.ReplaceAll(quoted(s), "/", `\/`) + `}` }},
	{"json escapes", func(s string) string { return `{"next":` + escape.Replace(quoted(s)) + `}` }},
	{"json prose", func(s string) string { return `{"error":` + quoted("can't get "+s+" today") + `,"code":"1"}` }},
	{"quoted", func(s string) string { return fmt.Sprintf("dial %q: EOF", s) }},
	{"quoted ascii", func(s string) string { return fmt.Sprintf("dial %+q, %+q: EOF", s, s) }},
	{"quoted twice", func(s string) string { return fmt.Sprintf("%q", fmt.Sprintf("dial %q: %q", s, "EOF")) }},
	{"quoted thrice", func(s string) string { return fmt.Sprintf("%q", fmt.Sprintf("%q", fmt.Sprintf("%q: EOF", s))) }},
	{"apostrophes", func(s string) string { return "can't get '" + s + "'" }},
	{"backquotes", func(s string) string { return "can't get `" + s + "`: EOF" }},
	{"raw quotes", func(s string) string { return `can't get "` + s + `": EOF` }},
	{"list", func(s string) string { return fmt.Sprint([]string{"https://a", s, s}) }},
	{"commas", func(s string) string { return "servers " + s + "," + s + ", https://host" }},
	{"map", func(s string) string {
		return fmt.Sprintf("%v %+v", map[string]string{"url": s}, struct{ URL string }{s})
	}},
	{"angles", func(s string) string { return "Link: <" + s + `>; rel="next"` }},
	{"parentheses", func(s string) string { return "not found (see " + s + ")" }},
	{"header", func(s string) string { return "HTTP/1.1 302 Found\r\nLocation: " + s + "\r\nX-Id: 1\r\n\r\n" }},
	{"pairs", func(s string) string { return "at=12:30 url=" + s + " status=503 end" }},
	{"sentence", func(s string) string { return "It was " + s + ". Is it up?" }},
	{"lines", func(s string) string { return "first\n" + s + "\nlast" }},
	{"query escape", func(s string) string { return "to " + url.QueryEscape(s) + " it goes" }},
	{"escaped twice", func(s string) string { return "to " + url.QueryEscape(url.QueryEscape(s)) }},
	{"path escape", func(s string) string { return "to " + url.PathEscape(s) + ": EOF" }},
	{"json escaped", func(s string) string { return url.QueryEscape(strings.ReplaceAll(quoted(s), "/", `\/`)) }},
	{"in a query", func(s string) string { return "redirect to /login?next=" + url.QueryEscape(s) }},
	{"in a path", func(s string) string { return `Get "https://host/` + url.PathEscape(s) + `": EOF` }},
	{"in a raw path", func(s string) string { return "https://host/" + s }},
}

// odds may stand beside a secret.
var odds = strings.Split("|a| |/|@|#|?|\"|'|`|:|//|://|https://|\\|\\\"|\\n|\n|\r\n|%|%40|%3F|%2F%2F|%3A|%25|[|]|(|)|<|>|{|}|&|=|;|,|.|1/|:1/|12|12 |\xff|…|?…|@…|é|\\u0040|"+
	"\\u003f|\": |\", | \"|\"//|? |?\" |# |\x00|\u2028|a b|: EOF|+|$|*|!|x@y|x:y|'@'|@->|://u:p@h|?k=v|#42|-|~|\\/|%5C|.com|tcp(|/x", "|")

func check(t *testing.T, form form, embedding int, before, after string) {
	if strings.Contains(before+after, token) || strings.Contains(before+after, "%!") {
		return
	}
	e := embeddings[embedding]
	drop := "" // what can't be told from the end of the URL or its start
	if form.loose && strings.ContainsAny(before+after, `/\%`) {
		drop = `/\%`
		if strings.HasPrefix(form.url, "u:p") { // then the password began for certain
			drop = `"`
		}
	}
	if e.name == "raw quotes" && (!form.user || strings.ContainsAny(before+after, `/\%`)) {
		drop += `"`
	}
	if form.user && strings.Contains("url.Parse wrapped joined", e.name) {
		drop += "#" // package net/url leaves out of its error what is behind it, the @ with it
	}
	strip := func(s string) string {
		return strings.Map(func(r rune) rune {
			if strings.ContainsRune(drop, r) {
				return -1
			}
			return r
		}, s)
	}
	if drop != "" {
		before, after = strip(before), strip(after)
	}
	s := e.in(fmt.Sprintf(form.url, before+token+after))
	got := redact.String(s)
	if strings.Contains(got, token) {
		t.Errorf("%s in %s:\n%s\n%q\nbecame\n%q", form.url, e.name, s, s, got)
	}
	if again := redact.String(got); again != got {
		t.Errorf("%s in %s:\n%q became\n%q and\n%q", form.url, e.name, s, got, again)
	}
}

// Whatever is put as a password, user's name, query or fragment into a URL doesn't come out of any text with the URL in it.
func TestSecret(t *testing.T) {
	r := rand.New(rand.NewPCG(1, uint64(*mixed)))
	mix := func() (s string) {
		for range r.IntN(4) {
			s += odds[r.IntN(len(odds))]
		}
		return s
	}
	for _, form := range forms {
		for e := range embeddings {
			for _, odd := range odds {
				check(t, form, e, odd, "")
				check(t, form, e, "", odd)
				check(t, form, e, "x"+odd, odd+"y")
			}
			for range *mixed {
				check(t, form, e, mix(), mix())
			}
		}
	}
}

// What was redacted once may be redacted again, as a part of another text as well.
func TestAgain(t *testing.T) {
	r := rand.New(rand.NewPCG(3, uint64(*mixed)))
	parts := append([]string{`Get "`, `": EOF`, ": invalid port ", ": invalid host: ", ": unsupported protocol scheme ", "nats://", `"//`, `\"//`, `\":`, "u:p@h", ": connection refused"}, odds...)
	for range 1000 * *mixed {
		s := ""
		for range r.IntN(12) {
			s += parts[r.IntN(len(parts))]
		}
		got := redact.String(s)
		if again := redact.String(got); again != got {
			t.Fatalf("%q became\n%q and\n%q", s, got, again)
		}
	}
}

var mixed = flag.Int("mixed", 50, "how many mixtures of odd bytes to put around a secret in TestSecret")

func FuzzSecret(f *testing.F) {
	for i, odd := range odds {
		f.Add(odd, odd, uint8(i), uint8(i))
		f.Add(odd+"x", odd, uint8(i/2), uint8(i/3))
	}
	f.Fuzz(func(t *testing.T, before, after string, form, embedding uint8) {
		check(t, forms[int(form)%len(forms)], int(embedding)%len(embeddings), before, after)
	})
}

func FuzzString(f *testing.F) {
	for _, row := range table {
		f.Add(row.text)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := redact.String(s)
		if again := redact.String(got); again != got {
			t.Errorf("%q became\n%q and\n%q", s, got, again)
		}
		if !strings.ContainsAny(s, "@?#") && !strings.ContainsAny(s, `%\`) && !strings.Contains(s, "//") && got != s {
			t.Errorf("%q has no URL and became %q", s, got)
		}
	})
}
