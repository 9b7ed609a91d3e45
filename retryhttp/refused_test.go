package retryhttp_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
)

// A proxy that refuses to CONNECT for good is asked once, whatever it calls that; one that can't reach the server may do so later. A
// wrong log-in made again and again locks accounts.
func TestProxyThatRefusesTheTunnel(t *testing.T) {
	for _, row := range []struct {
		status string
		again  bool
	}{
		{"407 Proxy Authentication Required", false},
		{"407 Proxy authentication required by policy", false},
		{"407 authenticationrequired", false},
		{"407 ", false},
		{"407", false},
		{"401 Unauthorized", false},
		{"403 Forbidden", false},
		{"403 Access Denied", false},
		{"404 Not Found", false},
		{"405 Method Not Allowed", false},
		{"501 Not Implemented", false},
		{"511 Network Authentication Required", false},
		{"407 Bad credentials", false},
		{"407 Proxy Needs Login", false},
		{"407 Authentification du proxy requise", false},
		{"407 Unauthorized ( The server requires authorization to fulfill the request. )", false},
		{"403 Blocked by policy", false},
		{"403 Forbidden by administrative rules", false},
		{"403 Tunnel or SSL Forbidden", false},
		{"503 Authentication service unavailable", true},
		{"503 Host not reachable", true},
		{"429 Too Many Requests", true},
		{"500 Internal Server Error", true},
		{"502 Bad Gateway", true},
		{"503 Service Unavailable", true},
		{"503 Service Temporarily Unavailable", true},
		{"504 Gateway Timeout", true},
	} {
		for _, method := range []string{"GET", "POST"} {
			t.Run(method+"_"+row.status, func(t *testing.T) {
				var asked atomic.Int32
				addr := raw(t, func(c net.Conn) {
					if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
						asked.Add(1)
						io.WriteString(c, "HTTP/1.1 "+row.status+"\r\nContent-Length: 0\r\n\r\n")
					}
				})
				base := &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: addr, User: url.UserPassword("me", "wrong")})}
				tr := &retryhttp.Transport{Base: base, Policy: three}
				_, err := tr.RoundTrip(request(t, method, "https://service.example", nil))
				if n := asked.Load(); err == nil || (n > 1) != row.again {
					t.Errorf("the proxy was asked %d times (%v)", n, err)
				}
				if c := retryhttp.Classify(err); (c == retryhttp.Permanent) == row.again {
					t.Errorf("the class of %v is %v", err, c)
				}
			})
		}
	}
}

// The status is net/http's secret, and a phrase may say nothing. Whoever has such a proxy can say what it means.
func TestProxyWhoseRefusalIsTold(t *testing.T) {
	var asked atomic.Int32
	addr := raw(t, func(c net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			asked.Add(1)
			io.WriteString(c, "HTTP/1.1 407 Nope\r\nContent-Length: 0\r\n\r\n")
		}
	})
	base := &http.Transport{
		Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: addr}),
		OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
			if resp.StatusCode == http.StatusProxyAuthRequired {
				return retry.Stop(errors.New("the proxy refuses us: " + resp.Status))
			}
			return nil
		},
	}
	tr := &retryhttp.Transport{Base: base, Policy: three}
	_, err := tr.RoundTrip(request(t, "GET", "https://service.example", nil))
	if n := asked.Load(); n != 1 || err == nil || !strings.Contains(err.Error(), "407 Nope") {
		t.Errorf("the proxy was asked %d times (%v)", n, err)
	}
}

// A SOCKS proxy that refuses is asked once; one that couldn't reach the server may be able to later.
func TestSOCKSProxyThatRefuses(t *testing.T) {
	for code, again := range map[byte]bool{1: true, 2: false, 3: true, 4: true, 5: true, 6: true, 7: false, 8: false, 0xff: false, 0xfe: false} {
		for _, method := range []string{"GET", "POST"} {
			var asked atomic.Int32
			addr := raw(t, func(c net.Conn) {
				asked.Add(1)
				buf := make([]byte, 512)
				c.Read(buf) // the methods
				switch code {
				case 0xff: // none of them is acceptable (RFC 1928, section 3)
					c.Write([]byte{5, 0xff})
				case 0xfe: // user name and password, which are wrong (RFC 1929)
					c.Write([]byte{5, 2})
					c.Read(buf)
					c.Write([]byte{1, 1})
				default:
					c.Write([]byte{5, 0})
					c.Read(buf)
					c.Write([]byte{5, code, 0, 1, 0, 0, 0, 0, 0, 0})
				}
				c.Read(buf)
			})
			proxy := &url.URL{Scheme: "socks5", Host: addr, User: url.UserPassword("me", "wrong")}
			tr := &retryhttp.Transport{Base: &http.Transport{Proxy: http.ProxyURL(proxy)}, Policy: three}
			_, err := tr.RoundTrip(request(t, method, "http://service.example", nil))
			if n := asked.Load(); err == nil || (n > 1) != again {
				t.Errorf("%s, reply %d: the proxy was asked %d times (%v)", method, code, n, err)
			}
		}
	}
}

// Where client and server have no version or no cipher suite in common, there is one handshake, whoever notices.
func TestNothingInCommonInTLS(t *testing.T) {
	hello := func(version uint16, suite uint16) func(net.Conn) {
		return func(c net.Conn) {
			c.Read(make([]byte, 4096))
			body := binary.BigEndian.AppendUint16(nil, version)
			body = append(body, make([]byte, 32+1)...) // random, and no session
			body = binary.BigEndian.AppendUint16(body, suite)
			body = append(body, 0) // no compression
			message := append([]byte{2, 0, 0, byte(len(body))}, body...)
			c.Write(append([]byte{22, 3, 3, 0, byte(len(message))}, message...))
			io.Copy(io.Discard, c)
		}
	}
	alert := func(code byte) func(net.Conn) {
		return func(c net.Conn) {
			c.Read(make([]byte, 4096))
			c.Write([]byte{21, 3, 3, 0, 2, 2, code})
			io.Copy(io.Discard, c)
		}
	}
	for _, row := range []struct {
		name   string
		server func(net.Conn)
		config *tls.Config
		again  bool
	}{
		{"server_too_old", hello(0x0303, 0xc02f), &tls.Config{MinVersion: tls.VersionTLS13}, false},
		{"server_much_too_old", hello(0x0300, 0xc02f), &tls.Config{}, false},
		{"server_of_the_future", hello(0x0404, 0xc02f), &tls.Config{}, false},
		{"suite_not_offered", hello(0x0303, 0x0005), &tls.Config{}, false},
		{"client_without_versions", alert(0), &tls.Config{MinVersion: tls.VersionTLS13, MaxVersion: tls.VersionTLS12}, false},
		{"handshake_failure", alert(40), &tls.Config{}, false},
		{"protocol_version", alert(70), &tls.Config{}, false},
		{"insufficient_security", alert(71), &tls.Config{}, false},
		{"no_application_protocol", alert(120), &tls.Config{}, false},
		{"internal_error", alert(80), &tls.Config{}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.config.InsecureSkipVerify = true
			tr := &retryhttp.Transport{Base: &http.Transport{TLSClientConfig: row.config}, Policy: three}
			// A server counts a connection when it gets to it, which may be after the client has given up: so each way has its own.
			try := func(way string, send func(url string) error) {
				var handshakes atomic.Int32
				addr := raw(t, func(c net.Conn) { handshakes.Add(1); row.server(c) })
				err := send("https://" + addr)
				if n := handshakes.Load(); err == nil || n > 1 && !row.again || n <= 1 && row.again {
					t.Errorf("with %s there were %d handshakes (%v)", way, n, err)
				}
				if c := retryhttp.Classify(err); (c == retryhttp.Permanent) == row.again && way == "a Transport" {
					t.Errorf("the class of %v is %v", err, c)
				}
			}
			try("a Transport", func(url string) error {
				_, err := tr.RoundTrip(request(t, "GET", url, nil))
				return err
			})
			try("Fetch", func(url string) error {
				_, err := retryhttp.Fetch(&http.Client{Transport: tr}, request(t, "GET", url, nil), readAll)
				return err
			})
		})
	}
}

// A refusal is an error that can't be compared.
type refusal []string

func (r refusal) Error() string { return "pin mismatch" }

// A certificate or a pin that the user's own verification refuses is refused once, for any method; unless it couldn't be verified
// because the network failed.
func TestOwnVerificationThatRefuses(t *testing.T) {
	pin := errors.New("pin mismatch")
	unreachable := fmt.Errorf("asking for the revocation list: %w", &net.OpError{Op: "dial", Err: errors.New("refused")})
	for _, row := range []struct {
		name    string
		refuse  func(*tls.Config)
		again   bool
		isError error
	}{
		{"connection", func(c *tls.Config) { c.VerifyConnection = func(tls.ConnectionState) error { return pin } }, false, pin},
		{"certificate", func(c *tls.Config) {
			c.VerifyPeerCertificate = func([][]byte, [][]*x509.Certificate) error { return fmt.Errorf("not ours: %w", pin) }
		}, false, pin},
		{"uncomparable", func(c *tls.Config) { c.VerifyConnection = func(tls.ConnectionState) error { return refusal{"x"} } }, false, nil},
		{"network", func(c *tls.Config) { c.VerifyConnection = func(tls.ConnectionState) error { return unreachable } }, true, unreachable},
	} {
		for _, method := range []string{"GET", "POST"} {
			for _, h2 := range []bool{false, true} {
				t.Run(fmt.Sprint(row.name, method, h2), func(t *testing.T) {
					s := httptest.NewUnstartedServer(http.HandlerFunc(ok))
					s.Config.ErrorLog = quiet
					s.EnableHTTP2 = h2
					s.StartTLS()
					defer s.Close()
					var handshakes atomic.Int32
					base := s.Client().Transport.(*http.Transport)
					row.refuse(base.TLSClientConfig)
					if verify := base.TLSClientConfig.VerifyConnection; verify != nil {
						base.TLSClientConfig.VerifyConnection = func(s tls.ConnectionState) error { handshakes.Add(1); return verify(s) }
					} else {
						verify := base.TLSClientConfig.VerifyPeerCertificate
						base.TLSClientConfig.VerifyPeerCertificate = func(a [][]byte, b [][]*x509.Certificate) error {
							handshakes.Add(1)
							return verify(a, b)
						}
					}
					tr := &retryhttp.Transport{Base: base, Policy: three}
					_, err := tr.RoundTrip(request(t, method, s.URL, nil))
					if n := handshakes.Load(); err == nil || (n > 1) != row.again {
						t.Errorf("there were %d handshakes (%v)", n, err)
					}
					if row.isError != nil && !errors.Is(err, row.isError) {
						t.Errorf("the error %v isn't that of the verification", err)
					}
					if c := retryhttp.Classify(err); (c == retryhttp.Permanent) == row.again {
						t.Errorf("the class of %v is %v", err, c)
					}
					handshakes.Store(0)
					retryhttp.Fetch(&http.Client{Transport: tr}, request(t, method, s.URL, nil), readAll)
					if n := handshakes.Load(); (n > 1) != row.again {
						t.Errorf("with Fetch there were %d handshakes", n)
					}
				})
			}
		}
	}
}

// A server that wants HTTP/1.1 is not asked again over HTTP/2; what it refused or never looked at is sent again.
func TestHTTP2Errors(t *testing.T) {
	for _, row := range []struct {
		name, method string
		answer       func(c net.Conn, stream byte)
		want         int
	}{
		{"http_1_1_required", "GET", func(c net.Conn, stream byte) { h2Frame(c, 3, stream, 0, 0, 0, 13) }, 1},
		{"http_1_1_required_by_goaway", "GET", func(c net.Conn, stream byte) {
			h2Frame(c, 7, 0, append([]byte{0, 0, 0, 0, 0, 0, 0, 13}, "REFUSED_STREAM"...)...)
			c.Close()
		}, 1},
		{"internal_error", "GET", func(c net.Conn, stream byte) { h2Frame(c, 3, stream, 0, 0, 0, 2) }, 3},
		{"internal_error", "POST", func(c net.Conn, stream byte) { h2Frame(c, 3, stream, 0, 0, 0, 2) }, 1},
		{"goaway_above_the_stream", "POST", func(c net.Conn, stream byte) {
			h2Frame(c, 7, 0, append([]byte{0, 0, 0, stream, 0, 0, 0, 11}, "HTTP_1_1_REQUIRED"...)...)
			c.Close()
		}, 1},
		{"goaway_that_mentions_it", "GET", func(c net.Conn, stream byte) {
			h2Frame(c, 7, 0, append([]byte{0, 0, 0, stream, 0, 0, 0, 11}, "HTTP_1_1_REQUIRED"...)...)
			c.Close()
		}, 3},
		{"goaway_below_the_stream", "POST", func(c net.Conn, stream byte) { h2Frame(c, 7, 0, 0, 0, 0, 0, 0, 0, 0, 11) }, 3},
	} {
		t.Run(row.name+"_"+row.method, func(t *testing.T) {
			var requests atomic.Int32
			addr := raw(t, func(c net.Conn) { h2Serve(c, func(stream byte) { requests.Add(1); row.answer(c, stream) }) })
			base := h2Transport()
			defer base.CloseIdleConnections()
			tr := &retryhttp.Transport{Base: base, Policy: three}
			_, err := tr.RoundTrip(request(t, row.method, "http://"+addr, nil))
			if n := requests.Load(); err == nil || int(n) != row.want {
				t.Errorf("there were %d requests, want %d (%v)", n, row.want, err)
			}
		})
	}
}

// h2Serve serves a connection of HTTP/2, and calls answer for each request.
func h2Serve(c net.Conn, answer func(stream byte)) {
	r := bufio.NewReader(c)
	io.CopyN(io.Discard, r, int64(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")))
	h2Frame(c, 4, 0)
	head := make([]byte, 9)
	for {
		if _, err := io.ReadFull(r, head); err != nil {
			return
		}
		io.CopyN(io.Discard, r, int64(head[0])<<16|int64(head[1])<<8|int64(head[2]))
		switch {
		case head[3] == 1:
			answer(head[8])
		case head[3] == 4 && head[4] == 0:
			c.Write([]byte{0, 0, 0, 4, 1, 0, 0, 0, 0})
		}
	}
}

const retryTimeout = time.Millisecond

// When the client's Timeout ends a call, its error says so each time, whichever of the two noticed first.
func TestClientTimeoutIsATimeout(t *testing.T) {
	t.Parallel()
	addr := raw(t, func(c net.Conn) { io.Copy(io.Discard, c) })
	for _, p := range []retry.Policy{{}, {Timeout: retryTimeout}, {Backoff: retry.Constant(retryTimeout)}} {
		base := &http.Transport{}
		t.Cleanup(base.CloseIdleConnections)
		client := &http.Client{Transport: &retryhttp.Transport{Base: base, Policy: p, Budget: unlimited}, Timeout: 4 * retryTimeout}
		for i := range 100 {
			_, err := client.Get("http://" + addr + "/" + strconv.Itoa(i))
			var e *url.Error
			if !errors.As(err, &e) || !e.Timeout() {
				t.Fatalf("call %d: Timeout is false for %v", i+1, err)
			}
			if !errors.Is(err, context.DeadlineExceeded) && !strings.Contains(err.Error(), "Client.Timeout") {
				t.Fatalf("call %d: the error is %v", i+1, err)
			}
		}
	}
}
