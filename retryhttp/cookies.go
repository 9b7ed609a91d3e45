package retryhttp

import (
	"net/http"
	"slices"
)

// jar returns the client's Jar, if it is known.
func (t *Transport) jar() http.CookieJar {
	if t.Jar == nil && t.client != nil {
		return t.client.Jar
	}
	return t.Jar
}

// keepCookies does with the cookies of an answer that isn't the call's last one what a client does with those of the last: it
// stores them, and sends what the Jar has then.
func (t *Transport) keepCookies(c *call, resp *http.Response) {
	set := resp.Cookies()
	jar := t.jar()
	if len(set) == 0 || jar == nil || c.req.URL == nil {
		return
	}
	jar.SetCookies(c.req.URL, set)
	now := jar.Cookies(c.req.URL)
	line := &http.Request{Header: make(http.Header)}
	was := c.req
	if c.cookies {
		was = &http.Request{Header: http.Header{"Cookie": {c.cookie}}}
	}
	changed := make(map[string]bool) // names; a server may set thousands
	for _, cookie := range slices.Concat(now, set) {
		changed[cookie.Name] = true
	}
	for _, old := range was.Cookies() {
		if !changed[old.Name] {
			line.AddCookie(old)
		}
	}
	for _, cookie := range now {
		line.AddCookie(cookie)
	}
	c.cookies, c.cookie = true, line.Header.Get("Cookie")
}
