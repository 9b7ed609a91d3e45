package redact_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/callagain/retry/internal/redact"
)

// What an example becomes. An empty second column means that nothing is removed.
var table = []struct{ text, want string }{
	// Errors of package net/url and net/http: the URL is in quotes, so what follows stays.
	{`Get "https://host:8080/path?k=SECRET": EOF`, `Get "https://host:8080/path?…": EOF`},
	{`Get "https://u:SECRET@host/path#SECRET": dial tcp 127.0.0.1:443: connect: connection refused`, `Get "https://…@host/path#…": dial tcp 127.0.0.1:443: connect: connection refused`},
	{`Get "https://host/cb#access_token=SECRET": EOF`, `Get "https://host/cb#…": EOF`},
	{`Get "https://acct.table.core.windows.net/t(PartitionKey='a',RowKey='b')?sv=1&sig=SECRET": EOF`, `Get "https://acct.table.core.windows.net/t(PartitionKey='a',RowKey='b')?…": EOF`},
	{`Get "https://mirror.example/https://u:SECRET@inner/x": EOF`, `Get "https://…@inner/x": EOF`},
	{`Get "https://mirror.example/https%3A%2F%2Fu%3ASECRET%40inner/x": EOF`, `Get "https://…%40inner/x": EOF`},
	{`Get "//u:SECRET@host/x": unsupported protocol scheme ""`, `Get "//…@host/x": unsupported protocol scheme ""`},
	{`Get "htp://host/x": unsupported protocol scheme "htp"`, ``},
	{`Get "user:SECRET@host/x": unsupported protocol scheme "user"`, `…@host/x": unsupported protocol scheme …`},
	{`parse "https://u:pa SECRET@host/": net/url: invalid userinfo`, `parse "https://…@host/": net/url: invalid userinfo`},
	{`parse "https://u:SECRET/x@host": invalid port ":SECRET" after host`, `parse "https://…@host": invalid port …`},
	{`parse "https://[SECRET]@host": invalid host: ParseAddr("SECRET"): unable to parse IP`, `parse "https://…@host": invalid host: …`},
	{`parse "https://u:\"\nSECRET@host/": net/url: invalid control character in URL`, `parse "https://…@host/": net/url: invalid control character in URL`},
	{`Get "https://host/x?mail=a@b&k=SECRET": EOF`, `Get "https://…": EOF`},
	{`Get "https://host/x?mail=a%40b&k=SECRET": EOF`, `Get "https://host/x?…": EOF`},
	{`Get "https://a/x?k=SECRET": EOF; Get "https://u:SECRET@b/x": EOF`, `Get "https://a/x?…": EOF; Get "https://…@b/x": EOF`},
	{`main.go:12: Get "https://u:SECRET@b/x": EOF`, `main.go:12: Get "https://…@b/x": EOF`},
	// Without quotes nothing tells where a secret ends, but well-known reasons stay.
	{`GET https://host/path: connection refused`, ``},
	{`GET https://host/path?k=a SECRET: dial tcp 127.0.0.1:443: connect: connection refused`, `GET https://host/path?…: connection refused`},
	{`GET https://host/path?k=SECRET returned SECRET`, `GET https://host/path?…`},
	{`lookup https://u:12/SECRET@host/x: no such host`, `lookup https://…@host/x: no such host`},
	{`connect: dial: POSTGRES://u:SECRET@[::1]:5432/db: refused`, `connect: dial: POSTGRES://…@[::1]:5432/db: refused`},
	{"wrapped https://u:\nSECRET@host/x\r\n?k=SECRET", "wrapped https://…@host/x\r\n?…"},
	{`https://u:SECRET?#@host/x?SECRET: EOF`, `https://…: EOF`},
	{`nats: no servers available: nats://u:p@a:4222,nats://u:SECRET@b:4222`, `nats: no servers available: nats://…@b:4222`},
	{`nats: no servers available: nats://a:4222,nats://b:4222`, ``},
	{`jdbc:mysql://host/db?password=SECRET`, `jdbc:mysql://host/db?…`},
	{`sqlserver://host;user=u;password=SECRET`, `sqlserver://…`},
	// Cut short before the @.
	{`dial https://u:SECR`, `dial https://…`},
	{`dial https://a:1/x,https://u:SECR`, `dial https://a:1/x,https://…`},
	// Escaped.
	{`unexpected answer {"next":"https:\/\/u:SECRET@host\/x?k=1","code":404}`, `unexpected answer {"next":"https:\/\/…@host\/x?…","code":404}`},
	{`{"next":"https:\u002f\u002fu\u003aSECRET\u0040host\u002fx\u003fk=1\u0026SECRET","code":404}`, `{"next":"https:\u002f\u002f…\u0040host\u002fx\u003f…","code":404}`},
	{`{"body":"{\"next\":\"https://u:\\\"SECRET@host/x?k=1\",\"code\":404}"}`, `{"body":"{\"next\":\"https://…@host/x?…\",\"code\":404}"}`},
	{`redirect to /login?next=https%3A%2F%2Fu%3ASECRET%40host`, `redirect to /login?…`},
	{`redirect to https%3A%2F%2Fu%3ASECRET%40host%2Fx%3Fk%3DSECRET`, `redirect to https%3A%2F%2F…%40host%2Fx%3F…`},
	{`redirect to https%253A%252F%252Fu%253ASECRET%2540host`, `redirect to https%253A%252F%252F…%2540host`},
	{`Get "https://host/x?k="SECRET": EOF`, `Get "https://host/x?…": EOF`},
	{`{"next":"https:\u002f\u002fSECRET\u003f%5C\u0040host"}`, `{"next":"https:\u002f\u002f…"}`},
	{`{"next":"\/login?\u0026token=SECRET"}`, `{"next":"\/login?…`},
	// Without a scheme or a host.
	{`u:SECRET@host/path?k=SECRET`, `…@host/path?…`},
	{`dial //u:SECRET@host: EOF`, `dial //…@host: EOF`},
	{`connect user:pa/SE CRET@tcp(127.0.0.1:3306)/db?x=SECRET`, `…@tcp(127.0.0.1:3306)/db?…`},
	{`connect user:SECRET//SECRET https://SECRET@tcp(127.0.0.1:3306)/db`, `…@tcp(127.0.0.1:3306)/db`},
	{`redirect to login?token=SECRET: 503 Service Unavailable`, `redirect to login?…: 503 Service Unavailable`},
	{`redirect to /cb#access_token=SECRET`, `redirect to /cb#…`},
	{`mail to mailto:bob@example.com?body=SECRET`, `…@example.com?…`},
	{`no mailbox bob@example.com`, `no mailbox …@example.com`},
	{`redis:u:SECRET@h`, `…@h`},
	// Nothing to remove.
	{``, ``},
	{`dial tcp 127.0.0.1:5432: connect: connection refused`, ``},
	{`dial tcp [::1]:5432: i/o timeout`, ``},
	{`Error 1045 (28000): Access denied for user 'root'@'localhost' (using password: YES)`, ``},
	{`wait: read unix @->/var/run/docker.sock: use of closed network connection`, ``},
	{"main.f(0x1?, {0x2?, 0x3?}, ...)\n\t/src/main.go:12 +0x1c", ``},
	{`open /var/x?: no such file or directory`, ``},
	{`open C:\Users\new\x.txt: The system cannot find the file specified.`, ``},
	{`open \\server\share\x: Access is denied.`, ``},
	{`is the server up? Yes. Is it?`, ``},
	{"really?! (is it?) \"is it?\"\nWHERE a = ? AND b IN (?, ?)", ``},
	{`see #42, issue #42: C# and #topic`, ``},
	{`at 12:30 the job (run 3/4) ended: 100% done, 50 %`, ``},
	{`{"error":"what?","code":503,"at":"12:30:01","list":[1,2]}`, ``},
	{`### heading`, ``},
	{`a // comment, a//b and file:///etc/passwd`, ``},
	{`Get "https://host:8080/path": EOF`, ``},
	{`https://[::1]:8080/path, http://localhost:80.`, ``},
	{"\xff\xfe not UTF-8", ``},
}

func TestString(t *testing.T) {
	for _, row := range table {
		want := row.want
		if want == "" {
			want = row.text
		}
		got := redact.String(row.text)
		if got != want {
			t.Errorf("%s\n became %s\n    not %s", row.text, got, want)
		}
		if again := redact.String(got); again != got {
			t.Errorf("%s\nbecame %s\n   and %s", row.text, got, again)
		}
	}
}

func TestStringReturnsWhatHasNoSecrets(t *testing.T) {
	for _, row := range table {
		if row.want != "" && row.want != row.text {
			row.text = row.want // whatever was removed already
		}
		if n := testing.AllocsPerRun(10, func() { redact.String(row.text) }); n != 0 {
			t.Errorf("%v allocations for %s", n, row.text)
		}
	}
}

func TestPackageComment(t *testing.T) {
	source, err := os.ReadFile("redact.go")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^//\t(.+?)  +(.+)$`).FindAllStringSubmatch(string(source), -1)
	if len(rows) < 11 {
		t.Fatalf("%d examples", len(rows))
	}
	for _, row := range rows {
		if got := redact.String(row[1]); got != row[2] {
			t.Errorf("%s became %s, not %s", row[1], got, row[2])
		}
	}
}
