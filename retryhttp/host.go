package retryhttp

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/callagain/retry/internal/redact"
)

// hostOf returns the name of the server that a URL is of, one name however it is spelled: in lower case and in ASCII,
// without a final dot, and with its port only if that isn't the scheme's own. The name may share memory with the URL.
func hostOf(u *url.URL) string {
	if canonical(u) {
		return u.Host
	}
	host := u.Host
	if strings.ContainsAny(host, "@?#%") {
		host = redact.String(host) // it makes no sense, and is to be a budget's name nevertheless
	}
	if !plain(host) {
		host = ascii(host)
	}
	name, port := host, ""
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.Contains(host[i:], "]") {
		name, port = host[:i], strings.TrimLeft(host[i+1:], "0")
	}
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	bare := strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	if strings.Contains(bare, ":") {
		name = bare
		if addr, err := netip.ParseAddr(bare); err == nil {
			name = addr.Unmap().String()
		}
	}
	if port == "" || port == defaultPort(u) {
		if strings.Contains(name, ":") {
			name = "[" + name + "]"
		}
		return name
	}
	return net.JoinHostPort(name, port)
}

func defaultPort(u *url.URL) string {
	switch strings.ToLower(u.Scheme) {
	case "http":
		return "80"
	case "https":
		return "443"
	}
	return ""
}

// canonical reports whether u.Host is what hostOf would make of it, for the usual ones: then nothing is allocated.
func canonical(u *url.URL) bool {
	host, colon := u.Host, -1
	for i := range len(host) {
		switch c := host[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		case c == ':' && colon < 0:
			colon = i
		default:
			return false
		}
	}
	if colon < 0 {
		return !strings.HasSuffix(host, ".")
	}
	port := host[colon+1:]
	return colon > 0 && host[colon-1] != '.' && port != "" && port[0] != '0' && port != defaultPort(u)
}

// plain reports whether a host is in ASCII.
func plain(host string) bool {
	for i := range len(host) {
		if host[i] >= 0x80 {
			return false
		}
	}
	return true
}

// ascii returns a host as net/http connects to it, with internationalized names as RFC 5891 has them. It asks net/http, since the
// tables that takes aren't elsewhere in the standard library.
func ascii(host string) string {
	addr := ""
	asking := &http.Transport{DialContext: func(_ context.Context, _, to string) (net.Conn, error) {
		addr = to
		return nil, net.ErrClosed
	}}
	_, port, _ := strings.Cut(host, ":")
	req := &http.Request{URL: &url.URL{Scheme: "http", Host: host}, Header: http.Header{}}
	if resp, err := asking.RoundTrip(req); err == nil {
		resp.Body.Close()
	}
	name, dialed, err := net.SplitHostPort(addr)
	if err != nil {
		return host
	}
	if port == "" {
		return name
	}
	return net.JoinHostPort(name, dialed)
}
