package spool

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
)

// Whatever the sizes of the writes, and wherever the limit falls, the bytes come back.
func TestBufferGivesBackWhatWasWritten(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	r := rand.New(rand.NewPCG(1, 2))
	for _, total := range []int{0, 1, InMemory - 1, InMemory, InMemory + 1, 3*InMemory + 7} {
		want := make([]byte, total)
		for i := range want {
			want[i] = byte(r.Uint32())
		}
		var b Buffer
		for rest := want; len(rest) > 0; {
			n := min(len(rest), 1+r.IntN(300_000))
			if _, err := b.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if b.Size() != int64(total) {
			t.Errorf("%d bytes: Size is %d", total, b.Size())
		}
		for range 2 { // reading doesn't use it up
			got, err := io.ReadAll(b.Reader())
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes: came back differently: %d bytes, %v", total, len(got), err)
			}
		}
		if total > 10 {
			p := make([]byte, 10)
			if n, err := b.ReadAt(p, int64(total-5)); n != 5 || err != io.EOF || !bytes.Equal(p[:5], want[total-5:]) {
				t.Errorf("%d bytes: ReadAt near the end: %d, %v", total, n, err)
			}
		}
		if onDisk := b.file != nil; onDisk != (total > InMemory) {
			t.Errorf("%d bytes: on disk is %v", total, onDisk)
		}
		b.Close()
	}
}

// Nothing is to be removed later, so nothing is left however we end.
func TestFileHasNoName(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an open file can't be removed here")
	}
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	var b Buffer
	defer b.Close()
	if _, err := b.Write(make([]byte, InMemory+1)); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%v has a name while it is in use", left)
	}
}

func TestNoPlaceIsAClearError(t *testing.T) {
	t.Setenv("TMPDIR", "/nonexistent")
	var b Buffer
	if _, err := b.Write([]byte("kept")); err != nil {
		t.Fatal(err)
	}
	_, err := b.Write(make([]byte, InMemory))
	if err == nil || !bytes.Contains([]byte(err.Error()), []byte("set TMPDIR")) {
		t.Errorf("error doesn't say what to do: %v", err)
	}
	if got, _ := io.ReadAll(b.Reader()); string(got) != "kept" {
		t.Errorf("what was kept before is gone: %q", got)
	}
}
