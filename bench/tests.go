package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// told is what a test told as its attributes.
type told map[string]string

// runTests runs the tests of a package, with the arguments args, and returns what each of them told, in the order of the tests. If a test
// fails, so does it, with what was printed.
func runTests(pkg string, args ...string) ([]told, error) {
	cmd := exec.Command("go", append([]string{"test", "-count=1", "-timeout=30m", "-json", pkg}, args...)...)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	all, output, err := readTold(stdout)
	if err != nil {
		cmd.Process.Kill()
		cmd.Wait()
		return nil, err
	}
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", pkg, err, output)
	}
	return all, nil
}

// readTold reads what go test -json prints: what the tests told, and what they printed.
func readTold(r io.Reader) (all []told, output string, err error) {
	place := map[string]int{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e struct{ Action, Test, Key, Value, Output string }
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, "", fmt.Errorf("reading the output of go test: %w", err)
		}
		if e.Action == "output" && !strings.HasPrefix(e.Output, "===") {
			output += e.Output
		}
		if e.Action != "attr" {
			continue
		}
		at, ok := place[e.Test]
		if !ok {
			at = len(all)
			place[e.Test] = at
			all = append(all, told{})
		}
		all[at][e.Key] = e.Value
	}
	return all, output, lines.Err()
}
