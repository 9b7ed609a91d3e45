package redact_test

import (
	"encoding/json"
	"errors"
	"fmt"
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
	loose bool // it has no scheme: what is a URL's start in user info is the start of the URL
}

var forms = map[string][]form{
	"password": {
		{"https://u:%s@host/path", false}, {"REDIS://u:%s@[::1]:6379/0?x=y", false}, {"//u:%s@host:80", false}, {"https://:%s@host", false},
		{"nats://u:p@a:4222,nats://u:%s@b:4222,nats://c", false}, {"https://mirror/https://u:%s@inner/x", false}, {"jdbc:mysql://u:%s@host/db", false},
		{"u:p%s@tcp(127.0.0.1:3306)/db?x=y", true}, {"u:p%s@host/path#f", true}, {"redis:u:p%s@h", true},
	},
	"user": {
		{"https://%s:p@host/path", false}, {"https://%s@host/path?k=v", false}, {"amqp+ssl://%s:@host,amqp://b", false}, {"//%s:p@host", false},
		{"%s:p@unix(/tmp/x)/db?x=y", true},
	},
	"query": {
		{"https://host/path?%s", false}, {"https://[fe80::1%%25en0]:80?k=%s", false}, {"https://u:p@host/t(K='a',R='b')?%s#f", false}, {"//host?k=%s", false}, {"https://host/https://inner/?k=%s", false},
		{"/login?k=%s", false}, {"login?k=%s", false}, {"mailto:bob@host?body=%s", false}, {"u:p@tcp(h:1)/db?k=%s", false}, {"file:///path?%s", false}, {"https://a/b,https://c?k=%s", false},
	},
	"fragment": {
		{"https://host/path#%s", false}, {"https://host#%s", false}, {"https://host/path?#%s", false}, {"/cb#k=%s", false}, {"u:p@host/path#%s", false},
	},
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
var embeddings = map[string]func(url string) string{
	"bare":           func(s string) string { return s },
	"reason":         func(s string) string { return "GET " + s + ": connection refused" },
	"url.Error":      func(s string) string { return (&url.Error{Op: "Get", URL: s, Err: errors.New("EOF")}).Error() },
	"url.Parse":      parsed,
	"wrapped":        func(s string) string { return "main.go:12: call: " + parsed(s) + `; Get "https://host/x": EOF` },
	"joined":         func(s string) string { return errors.Join(errors.New(parsed(s)), errors.New(s)).Error() },
	"behind another": func(s string) string { return `Get "https://host/x": EOF; then ` + s },
	"json":           func(s string) string { return `unexpected answer {"next":` + quoted(s) + `,"code":404}` },
	"json in json":   func(s string) string { return `{"body":` + quoted(`{"next":`+quoted(s)+`,"code":404}`) + `}` },
	"json slashes":   func(s string) string { return `{"next":` + strings.ReplaceAll(quoted(s), "/", `\/`) + `}` },
	"json escapes":   func(s string) string { return `{"next":` + escape.Replace(quoted(s)) + `}` },
	"json prose":     func(s string) string { return `{"error":` + quoted("can't get "+s+" today") + `,"code":"1"}` },
	"quoted":         func(s string) string { return fmt.Sprintf("dial %q: EOF", s) },
	"quoted ascii":   func(s string) string { return fmt.Sprintf("dial %+q, %+q: EOF", s, s) },
	"quoted twice":   func(s string) string { return fmt.Sprintf("%q", fmt.Sprintf("dial %q: %q", s, "EOF")) },
	"quoted thrice":  func(s string) string { return fmt.Sprintf("%q", fmt.Sprintf("%q", fmt.Sprintf("%q: EOF", s))) },
	"apostrophes":    func(s string) string { return "can't get '" + s + "'" },
	"backquotes":     func(s string) string { return "can't get `" + s + "`: EOF" },
	"raw quotes":     func(s string) string { return `can't get "` + s + `": EOF` },
	"list":           func(s string) string { return fmt.Sprint([]string{"https://a", s, s}) },
	"commas":         func(s string) string { return "servers " + s + "," + s + ", https://host" },
	"map": func(s string) string {
		return fmt.Sprintf("%v %+v", map[string]string{"url": s}, struct{ URL string }{s})
	},
	"angles":        func(s string) string { return "Link: <" + s + `>; rel="next"` },
	"parentheses":   func(s string) string { return "not found (see " + s + ")" },
	"header":        func(s string) string { return "HTTP/1.1 302 Found\r\nLocation: " + s + "\r\nX-Id: 1\r\n\r\n" },
	"pairs":         func(s string) string { return "at=12:30 url=" + s + " status=503 end" },
	"sentence":      func(s string) string { return "It was " + s + ". Is it up?" },
	"lines":         func(s string) string { return "first\n" + s + "\nlast" },
	"query escape":  func(s string) string { return "to " + url.QueryEscape(s) + " it goes" },
	"escaped twice": func(s string) string { return "to " + url.QueryEscape(url.QueryEscape(s)) },
	"path escape":   func(s string) string { return "to " + url.PathEscape(s) + ": EOF" },
	"json escaped":  func(s string) string { return url.QueryEscape(strings.ReplaceAll(quoted(s), "/", `\/`)) },
	"in a query":    func(s string) string { return "redirect to /login?next=" + url.QueryEscape(s) },
	"in a path":     func(s string) string { return `Get "https://host/` + url.PathEscape(s) + `": EOF` },
	"in a raw path": func(s string) string { return "https://host/" + s },
}

func FuzzSecret(f *testing.F) {
	for _, odd := range []string{
		"", " ", "/", "@", "#", "?", `"`, "'", "`", ":", "//", "://", "https://", `\`, `\"`, `\n`, "\n", "\r\n", "%", "%40", "%3F", "%2F%2F", "%25", "[", "]", "(", ")", "<", ">", "{", "}",
		"&", "=", ";", ",", ".", "1/", ":1/", "12", "\xff", "…", "?…", "@…", "é", `\u0040`, `\u003f`, `": `, `", `, `"`, " @", "? ", `?" `, "# ", "\x00", "\u2028", "a b", ": EOF", "@?", "?@", "#@", "@#", "/?@", "+", "$", "*", "!",
	} {
		f.Add(odd, "")
		f.Add("", odd)
		f.Add(odd, odd)
		f.Add("x"+odd, odd+"y")
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		if strings.Contains(before+after, token) || strings.Contains(before, "%!") {
			return
		}
		for place, forms := range forms {
			for _, form := range forms {
				for name, embed := range embeddings {
					before, after := before, after
					if form.loose && strings.ContainsAny(before+after, `/\%`) {
						before, after = unmarked.Replace(before), unmarked.Replace(after)
					}
					if name == "raw quotes" && (place == "query" || place == "fragment" || strings.ContainsAny(before+after, `/\%`)) {
						// Nothing tells such a quote from the one that ends the URL.
						before, after = strings.ReplaceAll(before, `"`, ""), strings.ReplaceAll(after, `"`, "")
					}
					s := embed(fmt.Sprintf(form.url, before+token+after))
					got := redact.String(s)
					if strings.Contains(got, token) {
						t.Errorf("%s in %s, %s:\n%s became\n%s", place, form.url, name, s, got)
					}
					if again := redact.String(got); again != got {
						t.Errorf("%s in %s, %s:\n%s became\n%s and\n%s", place, form.url, name, s, got, again)
					}
				}
			}
		}
	})
}

// unmarked has no start of a URL.
var unmarked = strings.NewReplacer("/", "", `\`, "", "%", "")

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
