package main

import (
	"strings"
	"testing"

	"github.com/callagain/retry/bench/peers"
)

func TestReplacePart(t *testing.T) {
	const document = "before\n<!-- costs -->\nold\n<!-- /costs -->\nafter\n"
	got, err := replacePart([]byte(document), "costs", []byte("new\n"))
	if want := "before\n<!-- costs -->\n\nnew\n\n<!-- /costs -->\nafter\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	again, err := replacePart(got, "costs", []byte("new\n"))
	if err != nil || string(again) != string(got) {
		t.Errorf("the second time: %q, %v", again, err)
	}
	for _, wrong := range []string{"", "<!-- costs -->\n", "<!-- /costs --><!-- costs -->\n"} {
		if _, err := replacePart([]byte(wrong), "costs", nil); err == nil {
			t.Errorf("no error without the marks: %q", wrong)
		}
	}
}

// Every library of the tables has a version, so that nobody has to guess what was compared.
func TestVersions(t *testing.T) {
	r := &results{config: map[string]string{"cpu": "A Processor", "goos": "linux", "goarch": "amd64"}}
	var b strings.Builder
	r.writeSetup(&b)
	for _, l := range peers.All() {
		if !strings.Contains(b.String(), "| "+l.Name+" | "+l.Module+" | v") && l.Name != peers.Ours {
			t.Errorf("%s has no version in\n%s", l.Name, b.String())
		}
	}
}
