package main

import (
	"regexp"
	"strings"
	"testing"
)

// The 5xx are called again, a 404 once, and the second one is the answer.
func TestRun(t *testing.T) {
	var b strings.Builder
	if err := run(&b); err != nil {
		t.Fatal(err)
	}
	got := regexp.MustCompile(`again in \S+`).ReplaceAllString(b.String(), "again")
	want := `GET /users/terrycojones
  attempt 1: Service Unavailable, again
  attempt 2: Not Found, again
  attempt 3: Internal Server Error, again
  attempt 4: Bad Gateway, again
  attempt 5 is the last
  the result: 200 OK: here you are
GET /users/nobody
  attempt 1: Not Found, again
  attempt 2: Service Unavailable, again
  attempt 3 is the last
  the result: 404 Not Found: try again
GET /pictures/1.png
  attempt 1: Gateway Timeout, again
  attempt 2: Gateway Timeout, again
  attempt 3 is the last
  the result: 200 OK: here you are
`
	if got != want {
		t.Errorf("it printed\n%s\nwant\n%s", got, want)
	}
}
