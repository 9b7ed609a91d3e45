package main

import (
	"os"
	"path/filepath"
	"testing"
)

// The pictures of the documentation are what the simulation gives. To draw them again: go -C lab run . -docs
func TestPicturesAreUpToDate(t *testing.T) {
	dir := t.TempDir()
	if err := writePictures(dir); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir("../docs/pictures")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, f := range files {
		seen[f.Name()] = true
	}
	drawn, _ := os.ReadDir(dir)
	if len(drawn) != len(pictures)+1 {
		t.Errorf("%d pictures were drawn", len(drawn))
	}
	for _, f := range drawn {
		want, _ := os.ReadFile(filepath.Join(dir, f.Name()))
		got, err := os.ReadFile(filepath.Join("../docs/pictures", f.Name()))
		if err != nil || string(got) != string(want) {
			t.Errorf("%s isn't what is drawn now (%v); run: go -C lab run . -docs", f.Name(), err)
		}
	}
}
