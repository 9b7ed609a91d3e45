package main

import (
	"os"
	"testing"
)

const pdeathsig = true

// timeout(1) leaves its caller's group. It is found all the same.
func TestOtherGroupsOfTheCommand(t *testing.T) {
	ready := temp(t)
	r := start(t, "-q -n 2 -i 1ms -t 500ms -- sh -c", "timeout 100 sh -c 'echo > "+ready+"; sleep 300; :'; :")
	r.end().is(t, 124, "")
	if _, err := os.Stat(ready); err != nil {
		t.Error("timeout(1) has never run")
	}
	start(t, "-q -n 1 --grace 300ms -- bash -c", "set -m; sleep 300 & sleep 300 & exit 0").end().is(t, 0, "")
}
