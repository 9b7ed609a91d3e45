//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// What it costs to run /bin/true through retry, beside the least that a Go program can do:
// start it as a child and wait, or become it.
//
//	go test ./cmd/retry -run '^$' -bench Startup
//
// The runs take turns, so that what else the machine does hits all of them alike; the
// figures to compare are the medians.
func BenchmarkStartup(b *testing.B) {
	dir := b.TempDir()
	build := func(name, body string) string {
		src := filepath.Join(dir, name+".go")
		if err := os.WriteFile(src, []byte("package main\n"+body), 0o600); err != nil {
			b.Fatal(err)
		}
		out, err := exec.Command("go", "build", "-o", filepath.Join(dir, name), src).CombinedOutput()
		if err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		return filepath.Join(dir, name)
	}
	minimal := build("minimal", `
import ("os"; "os/exec")
func main() {
	c := exec.Command(os.Args[1], os.Args[2:]...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	c.Run()
	os.Exit(c.ProcessState.ExitCode())
}`)
	become := build("become", `
import ("os"; "syscall")
func main() { syscall.Exec(os.Args[1], os.Args[1:], os.Environ()) }`)
	names := []string{"retry", "child", "exec"}
	took := make([][]time.Duration, len(names))
	for b.Loop() {
		for i, name := range []string{binary, minimal, become} {
			cmd := exec.Command(name, "/bin/true")
			start := time.Now()
			if err := cmd.Run(); err != nil {
				b.Fatal(err)
			}
			took[i] = append(took[i], time.Since(start))
		}
	}
	median := func(ds []time.Duration) float64 {
		slices.Sort(ds)
		return float64(ds[len(ds)/2])
	}
	b.ReportMetric(median(took[0])/1e6, "retry-ms")
	b.ReportMetric(median(took[1])/1e6, "child-ms")
	b.ReportMetric(median(took[0])/median(took[1]), "x-child")
	b.ReportMetric(median(took[0])/median(took[2]), "x-exec")
}
