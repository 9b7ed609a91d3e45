package retrygrpc

import "testing"

// Whatever a server sends as pushback is a wait that isn't negative, or a stop.
func FuzzPushback(f *testing.F) {
	for _, s := range []string{"", "0", "-1", "+1", "1e3", "9223372036854775807", "9223372036854775808", "0x10", " 1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h := hintOf(nil, map[string][]string{pushbackKey: {s}})
		if h.wait < 0 || h.stop && h.wait > 0 {
			t.Errorf("%q: %+v", s, h)
		}
	})
}
