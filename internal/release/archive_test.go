package main

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
)

// The same files make the same archive, wherever they were read and in whatever zone.
func TestArchivesDependOnTheirFilesOnly(t *testing.T) {
	files := []file{{"retry", 0o755, []byte("binary")}, {"LICENSE", 0o644, []byte("text")}}
	day := time.Date(2026, 12, 24, 18, 0, 0, 0, time.UTC)
	for system, want := range map[string]string{"linux/arm": "retry_0.1.0_linux_arm.tar.gz", "windows/amd64": "retry_0.1.0_windows_amd64.zip"} {
		name, one, err := archive("v0.1.0", system, files, day)
		if err != nil || name != want {
			t.Errorf("%s: %s, %v", system, name, err)
		}
		_, two, err := archive("v0.1.0", system, files, day.In(time.FixedZone("", 3600)))
		if err != nil || !bytes.Equal(one, two) {
			t.Errorf("%s: other bytes, or %v", system, err)
		}
		if !strings.HasSuffix(name, ".zip") {
			continue
		}
		r, err := zip.NewReader(bytes.NewReader(one), int64(len(one)))
		if err != nil || len(r.File) != len(files) {
			t.Fatalf("%v, %v", r, err)
		}
		f, err := r.Open("retry")
		if err != nil {
			t.Fatal(err)
		}
		if data, err := io.ReadAll(f); string(data) != "binary" || err != nil {
			t.Errorf("%q, %v", data, err)
		}
	}
}
