package retryconnect

import (
	"testing"
	"time"

	"connectrpc.com/connect"
)

// Whatever a server sends is a wait that isn't negative, or a stop.
func FuzzHint(f *testing.F) {
	detail, err := retryInfo(90 * time.Second)
	if err != nil {
		f.Fatal(err)
	}
	if d, ok := parseRetryInfo(detail.Bytes()); !ok || d != 90*time.Second {
		f.Fatal(d, ok)
	}
	f.Add("1", "1", "", detail.Bytes())
	f.Add("-1", "Thu, 26 Nov 2026 10:00:00 GMT", "Thu, 26 Nov 2026 09:00:00 GMT", []byte{0x0a, 0x80, 0x80})
	f.Fuzz(func(t *testing.T, pushback, after, date string, info []byte) {
		if d, _ := parseRetryInfo(info); d < 0 {
			t.Errorf("%x: %v", info, d)
		}
		e := connect.NewError(connect.CodeUnavailable, nil)
		e.Meta()[pushbackKey], e.Meta()[retryAfterKey], e.Meta()["Date"] = []string{pushback}, []string{after}, []string{date}
		if h := hintOf(e); h.Wait < 0 || h.Wait > 0 && !h.Given {
			t.Errorf("%+v", h)
		}
	})
}
