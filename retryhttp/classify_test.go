package retryhttp_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/ownport"
	"github.com/callagain/retry/retryhttp"
)

// Every row is a failure that really happened to a client of net/http, against something on this machine.
func TestClassify(t *testing.T) {
	for _, row := range []struct {
		name string
		want retryhttp.Class
		text string // a piece of the error's, to be sure that the failure is the one meant
		fail func(t *testing.T) error
	}{
		{"refused", retryhttp.NeverSent, "refused", func(t *testing.T) error {
			return get(t, nil, "http://"+ownport.Closed(t))
		}},
		{"dial_timeout", retryhttp.NeverSent, "dial tcp", func(t *testing.T) error {
			d := net.Dialer{Timeout: time.Nanosecond}
			return get(t, &http.Transport{DialContext: d.DialContext}, "http://"+ownport.Closed(t))
		}},
		{"dns_not_found", retryhttp.NeverSent, "no such host", func(t *testing.T) error {
			return get(t, resolving(t, 3), "http://nowhere.example./")
		}},
		{"dns_server_failure", retryhttp.NeverSent, "server misbehaving", func(t *testing.T) error {
			return get(t, resolving(t, 2), "http://nowhere.example./")
		}},
		{"proxy_refused", retryhttp.NeverSent, "proxyconnect", func(t *testing.T) error {
			proxy := &url.URL{Scheme: "http", Host: ownport.Closed(t)}
			return get(t, &http.Transport{Proxy: http.ProxyURL(proxy)}, "http://service.example./")
		}},
		{"tls_handshake_timeout", retryhttp.NeverSent, "TLS handshake timeout", func(t *testing.T) error {
			addr := raw(t, func(c net.Conn) { io.Copy(io.Discard, c) })
			return get(t, &http.Transport{TLSHandshakeTimeout: time.Millisecond}, "https://"+addr)
		}},
		{"http2_goaway_below_the_stream", retryhttp.NeverSent, "GOAWAY", func(t *testing.T) error {
			addr := raw(t, func(c net.Conn) {
				h2Headers(c)
				h2Frame(c, 7, 0, 0, 0, 0, 0, 0, 0, 0, 11) // the last stream handled is 0, ENHANCE_YOUR_CALM
				io.Copy(io.Discard, c)
			})
			return get(t, h2Transport(), "http://"+addr)
		}},
		{"http2_goaway_above_the_stream", retryhttp.MaybeApplied, "GOAWAY", func(t *testing.T) error {
			addr := raw(t, func(c net.Conn) {
				h2Headers(c)
				h2Frame(c, 7, 0, 0, 0, 0, 1, 0, 0, 0, 11) // stream 1 may have been handled
			})
			return get(t, h2Transport(), "http://"+addr)
		}},
		{"http2_stream_reset", retryhttp.MaybeApplied, "INTERNAL_ERROR", func(t *testing.T) error {
			addr := raw(t, func(c net.Conn) {
				h2Headers(c)
				h2Frame(c, 3, 1, 0, 0, 0, 2)
				io.Copy(io.Discard, c)
			})
			return get(t, h2Transport(), "http://"+addr)
		}},
		{"closed_before_header", retryhttp.MaybeApplied, "EOF", func(t *testing.T) error {
			return get(t, nil, "http://"+answering(t, "", false))
		}},
		{"reset_before_header", retryhttp.MaybeApplied, "reset by peer", func(t *testing.T) error {
			return get(t, nil, "http://"+answering(t, "", true))
		}},
		{"reset_mid_header", retryhttp.MaybeApplied, "unexpected EOF", func(t *testing.T) error {
			return get(t, nil, "http://"+answering(t, "HTTP/1.1 200 OK\r\nServer: a\r\n", true))
		}},
		{"eof_mid_header", retryhttp.MaybeApplied, "unexpected EOF", func(t *testing.T) error {
			return get(t, nil, "http://"+answering(t, "HTTP/1.1 200 OK\r\nServer: a\r\n", false))
		}},
		{"eof_mid_header_line", retryhttp.MaybeApplied, "malformed MIME header", func(t *testing.T) error {
			return get(t, nil, "http://"+answering(t, "HTTP/1.1 200 OK\r\nContent-Le", false))
		}},
		{"eof_mid_status", retryhttp.MaybeApplied, "malformed HTTP status code", func(t *testing.T) error {
			return get(t, nil, "http://"+answering(t, "HTTP/1.1 2", false))
		}},
		{"eof_after_version", retryhttp.MaybeApplied, "malformed HTTP response", func(t *testing.T) error {
			return get(t, nil, "http://"+answering(t, "HTTP/1.1", false))
		}},
		{"eof_mid_version", retryhttp.MaybeApplied, "malformed HTTP response", func(t *testing.T) error {
			return get(t, nil, "http://"+answering(t, "HTT", false))
		}},
		{"reset_mid_body", retryhttp.MaybeApplied, "reset by peer", func(t *testing.T) error {
			return get(t, nil, "http://"+answering(t, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", true))
		}},
		{"eof_mid_body", retryhttp.MaybeApplied, "unexpected EOF", func(t *testing.T) error {
			return get(t, nil, "http://"+answering(t, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", false))
		}},
		{"eof_mid_chunk", retryhttp.MaybeApplied, "unexpected EOF", func(t *testing.T) error {
			return get(t, nil, "http://"+answering(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nhalf", false))
		}},
		{"header_timeout", retryhttp.MaybeApplied, "timeout awaiting response headers", func(t *testing.T) error {
			addr := raw(t, func(c net.Conn) { io.Copy(io.Discard, c) })
			return get(t, &http.Transport{ResponseHeaderTimeout: time.Millisecond}, "http://"+addr)
		}},
		{"client_timeout", retryhttp.MaybeApplied, "Client.Timeout", func(t *testing.T) error {
			addr := raw(t, func(c net.Conn) { io.Copy(io.Discard, c) })
			_, err := (&http.Client{Timeout: time.Millisecond, Transport: &http.Transport{}}).Get("http://" + addr)
			return err
		}},
		{"tls_reset_in_handshake", retryhttp.MaybeApplied, "reset by peer", func(t *testing.T) error {
			// The error alone proves nothing: see TestHandshakeBroken for what does.
			return get(t, nil, "https://"+answering(t, "", true))
		}},
		{"tls_internal_error", retryhttp.MaybeApplied, "internal error", func(t *testing.T) error {
			return get(t, nil, secure(t, &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
				return nil, errors.New("certificate not at hand")
			}}))
		}},
		{"tls_unknown_authority", retryhttp.Permanent, "unknown authority", func(t *testing.T) error {
			return get(t, nil, secure(t, nil))
		}},
		{"tls_expired", retryhttp.Permanent, "expired", func(t *testing.T) error {
			return get(t, trusting(t, -time.Hour, "127.0.0.1"), certified)
		}},
		{"tls_wrong_host", retryhttp.Permanent, "127.0.0.1", func(t *testing.T) error {
			return get(t, trusting(t, time.Hour, "127.0.0.2"), certified)
		}},
		{"tls_no_common_version", retryhttp.Permanent, "protocol version", func(t *testing.T) error {
			return get(t, &http.Transport{TLSClientConfig: &tls.Config{MaxVersion: tls.VersionTLS12}},
				secure(t, &tls.Config{MinVersion: tls.VersionTLS13}))
		}},
		{"tls_client_certificate_missing", retryhttp.Permanent, "remote error", func(t *testing.T) error {
			return get(t, &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}},
				secure(t, &tls.Config{ClientAuth: tls.RequireAnyClientCert}))
		}},
		{"http_answer_to_https", retryhttp.Permanent, "HTTP response to HTTPS", func(t *testing.T) error {
			return get(t, nil, "https://"+answering(t, "HTTP/1.0 400 Bad Request\r\n\r\n", false))
		}},
		{"not_tls", retryhttp.Permanent, "first record", func(t *testing.T) error {
			return get(t, nil, "https://"+answering(t, "SSH-2.0-OpenSSH_9.2\r\n", false))
		}},
		{"not_http", retryhttp.Permanent, "malformed HTTP", func(t *testing.T) error {
			return get(t, nil, "http://"+answering(t, "220 mail.example ESMTP\r\n\r\n", false))
		}},
		{"not_http_either", retryhttp.Permanent, "malformed HTTP response", func(t *testing.T) error {
			return get(t, nil, "http://"+answering(t, "+PONG\r\n\r\n", false))
		}},
		{"not_this_http", retryhttp.Permanent, "malformed HTTP version", func(t *testing.T) error {
			return get(t, nil, "http://"+answering(t, "HTTQ/1.1 200 OK\r\n\r\n", false))
		}},
		{"header_too_large", retryhttp.Permanent, "headers exceeded", func(t *testing.T) error {
			return get(t, &http.Transport{MaxResponseHeaderBytes: 100},
				"http://"+answering(t, "HTTP/1.1 200 OK\r\nA: "+strings.Repeat("a", 9000)+"\r\n\r\n", false))
		}},
		{"too_many_redirects", retryhttp.Permanent, "stopped after 10 redirects", func(t *testing.T) error {
			return get(t, nil, handling(t, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "/", http.StatusFound)
			}))
		}},
		{"malformed_redirect", retryhttp.Permanent, "Location", func(t *testing.T) error {
			return get(t, nil, "http://"+answering(t, "HTTP/1.1 302 Found\r\nLocation: http://%zz/\r\n\r\n", false))
		}},
		{"unsupported_scheme", retryhttp.Permanent, "unsupported protocol scheme", func(t *testing.T) error {
			return get(t, nil, "gopher://127.0.0.1")
		}},
		{"no_host", retryhttp.Permanent, "no Host", func(t *testing.T) error {
			return get(t, nil, "http:///")
		}},
		{"malformed_url", retryhttp.Permanent, "invalid port", func(t *testing.T) error {
			_, err := http.Get("http://127.0.0.1:http%2F/")
			return err
		}},
		{"malformed_port", retryhttp.Permanent, "invalid port", func(t *testing.T) error {
			return get(t, nil, "http://127.0.0.1:99999/")
		}},
		{"invalid_header", retryhttp.Permanent, "invalid header", func(t *testing.T) error {
			return do(t, nil, "GET", "http://127.0.0.1", nil, func(r *http.Request) { r.Header.Set("A", "\n") })
		}},
		{"invalid_trailer", retryhttp.Permanent, "invalid trailer", func(t *testing.T) error {
			return do(t, nil, "GET", "http://127.0.0.1", nil, func(r *http.Request) { r.Trailer = http.Header{"A": {"\n"}} })
		}},
		{"invalid_method", retryhttp.Permanent, "invalid method", func(t *testing.T) error {
			return do(t, nil, "GET", "http://127.0.0.1", nil, func(r *http.Request) { r.Method = "GET IT" })
		}},
		{"invalid_host", retryhttp.Permanent, "invalid Host", func(t *testing.T) error {
			proxy, _ := url.Parse(handling(t, ok))
			tr := &http.Transport{Proxy: http.ProxyURL(proxy)}
			return do(t, tr, "GET", "http://service.example./", nil, func(r *http.Request) { r.Host = "\x00a" })
		}},
		{"control_character", retryhttp.Permanent, "control character", func(t *testing.T) error {
			return do(t, nil, "GET", handling(t, ok), nil, func(r *http.Request) { r.URL.Opaque = "/\x01" })
		}},
		{"nil_url", retryhttp.Permanent, "nil Request.URL", func(t *testing.T) error {
			return do(t, nil, "GET", "http://127.0.0.1", nil, func(r *http.Request) { r.URL = nil })
		}},
		{"request_uri_set", retryhttp.Permanent, "RequestURI", func(t *testing.T) error {
			return do(t, nil, "GET", handling(t, ok), nil, func(r *http.Request) { r.RequestURI = "/" })
		}},
		{"body_shorter_than_said", retryhttp.Permanent, "ContentLength=9", func(t *testing.T) error {
			return do(t, nil, "PUT", handling(t, ok), strings.NewReader("short"), func(r *http.Request) { r.ContentLength = 9 })
		}},
		{"body_missing", retryhttp.Permanent, "ContentLength=9 with nil Body", func(t *testing.T) error {
			return do(t, nil, "PUT", handling(t, ok), nil, func(r *http.Request) { r.ContentLength = 9 })
		}},
		{"status_503", retryhttp.MaybeApplied, "503", func(t *testing.T) error {
			return status(t, 503)
		}},
		{"status_404", retryhttp.Permanent, "404", func(t *testing.T) error {
			return status(t, 404)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			err := row.fail(t)
			if err == nil || !strings.Contains(err.Error(), row.text) {
				t.Fatalf("the failure is %v, want one with %q", err, row.text)
			}
			for _, err := range []error{err, fmt.Errorf("wrapped: %w", err), retry.After(err, 0)} {
				if got := retryhttp.Classify(err); got != row.want {
					t.Errorf("Classify(%v) = %v, want %v", err, got, row.want)
				}
			}
		})
	}
}

func TestClassifyJoined(t *testing.T) {
	refused := get(t, nil, "http://"+ownport.Closed(t))
	scheme := get(t, nil, "gopher://127.0.0.1")
	unknown := errors.New("something new")
	for _, row := range []struct {
		err  error
		want retryhttp.Class
	}{
		{nil, 0},
		{unknown, retryhttp.MaybeApplied},
		{errors.Join(refused, refused), retryhttp.NeverSent},
		{errors.Join(refused, unknown), retryhttp.MaybeApplied},
		{errors.Join(refused, unknown, scheme), retryhttp.Permanent},
		{&retry.Error{Reason: retry.ErrExhausted, Failures: []error{refused, unknown}}, retryhttp.MaybeApplied},
	} {
		if got := retryhttp.Classify(row.err); got != row.want {
			t.Errorf("Classify(%v) = %v, want %v", row.err, got, row.want)
		}
	}
}

// get returns how a GET of the URL fails, reading of the body included.
func get(t *testing.T, tr *http.Transport, url string) error {
	return do(t, tr, "GET", url, nil, func(*http.Request) {})
}

func do(t *testing.T, tr *http.Transport, method, url string, body io.Reader, change func(*http.Request)) error {
	t.Helper()
	if tr == nil {
		tr = &http.Transport{}
	}
	t.Cleanup(tr.CloseIdleConnections)
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	change(req)
	resp, err := (&http.Client{Transport: tr}).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

func status(t *testing.T, code int) error {
	resp, err := http.Get(handling(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(code) }))
	if err != nil {
		t.Fatal(err)
	}
	return retryhttp.Check(resp)
}

func ok(http.ResponseWriter, *http.Request) {}

func handling(t *testing.T, h http.HandlerFunc) string {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// raw runs a server that gives each connection to handle, and closes it afterwards.
func raw(t *testing.T, handle func(net.Conn)) (addr string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			go func() {
				defer c.Close()
				handle(c)
			}()
		}
	}()
	return l.Addr().String()
}

// answering reads up to the end of a request's header or the first record of TLS, writes the answer
// and closes the connection, or resets it.
func answering(t *testing.T, answer string, reset bool) (addr string) {
	return raw(t, func(c net.Conn) {
		r := bufio.NewReader(c)
		if first, err := r.Peek(1); err == nil && first[0] != 22 {
			for line := ""; line != "\r\n"; {
				var err error
				if line, err = r.ReadString('\n'); err != nil {
					return
				}
			}
		}
		io.WriteString(c, answer)
		if reset {
			// So that the client has read it all before the reset overtakes it.
			time.Sleep(20 * time.Millisecond)
			c.(*net.TCPConn).SetLinger(0)
		} else {
			c.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, r)
		}
	})
}

// resolving returns a transport whose names are looked up with a DNS server here, which
// answers every question with a response code: 2 is a server failure, 3 that there is no such name.
func resolving(t *testing.T, code byte) *http.Transport {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			if n < 12 {
				continue
			}
			buf[2] |= 0x80                     // a response
			buf[3] = buf[3]&0xf0 | 0x80 | code // recursion available
			buf[10], buf[11] = 0, 0            // no additional records
			end := 12
			for end < n && buf[end] != 0 {
				end += int(buf[end]) + 1
			}
			server.WriteTo(buf[:min(end+5, n)], from)
		}
	}()
	dialer := net.Dialer{Resolver: &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
		},
	}}
	return &http.Transport{DialContext: dialer.DialContext}
}

// secure runs a server with a certificate that nobody trusts.
func secure(t *testing.T, config *tls.Config) (url string) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(ok))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = config
	s.StartTLS()
	if config != nil && config.GetCertificate != nil {
		s.TLS.Certificates = nil
	}
	t.Cleanup(s.Close)
	return s.URL
}

const certified = "https://127.0.0.1/"

// trusting returns a transport that goes to a server with a certificate for an address, good for that long from
// now, and that trusts its authority.
func trusting(t *testing.T, good time.Duration, address string) *http.Transport {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		NotBefore:             time.Now().Add(-24 * time.Hour),
		NotAfter:              time.Now().Add(good),
		IPAddresses:           []net.IP{net.ParseIP(address)},
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	server := secure(t, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	return &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, strings.TrimPrefix(server, "https://"))
		},
	}
}

// h2Transport speaks HTTP/2 without TLS.
func h2Transport() *http.Transport {
	tr := &http.Transport{Protocols: new(http.Protocols)}
	tr.Protocols.SetUnencryptedHTTP2(true)
	return tr
}

// h2Headers plays the server of an HTTP/2 connection (RFC 9113) until it has a request's headers, in stream 1.
func h2Headers(c net.Conn) {
	io.CopyN(io.Discard, c, int64(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")))
	h2Frame(c, 4, 0) // settings
	head := make([]byte, 9)
	for {
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		io.CopyN(io.Discard, c, int64(head[0])<<16|int64(head[1])<<8|int64(head[2]))
		if head[3] == 1 {
			return
		}
	}
}

// h2Frame writes a frame.
func h2Frame(c net.Conn, kind, stream byte, payload ...byte) {
	c.Write(append([]byte{0, 0, byte(len(payload)), kind, 0, 0, 0, 0, stream}, payload...))
}
