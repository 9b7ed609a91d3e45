package freeport

import (
	"fmt"
	"net"
	"testing"
)

// The ports differ, can be listened on, and aren't handed out by the system, where it leaves any.
func TestFind(t *testing.T) {
	ports, err := Find(50)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range ports {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p))
		if err != nil {
			t.Fatalf("%d of %v: %v", p, ports, err)
		}
		defer l.Close()
		if first := firstOfAny(); first >= lowest+1000 && (p < lowest || p >= first) {
			t.Errorf("%d is one that the system hands out from %d on", p, first)
		}
	}
}
