package main

import (
	"bytes"
	"testing"
)

func (n *node) append(s string) { n.write(write{len(n.data), []byte(s)}) }

// What was synced is there after a power loss; of what came later, the beginning may be.
func TestWhatWasSyncedSurvives(t *testing.T) {
	less, more := 0, 0
	for range 100 {
		d := newDisk()
		f, g := d.node(false, 0o600), d.node(false, 0o600)
		d.set(d.root, "f", f)
		f.append("synced ")
		d.sync(f)
		for _, c := range "later" {
			f.append(string(c))
		}
		d.set(d.root, "g", g)
		g.append("never")
		d.lose()
		switch {
		case d.root.names["f"] != f || !bytes.HasPrefix(f.data, []byte("synced ")) || !bytes.HasPrefix([]byte("synced later"), f.data):
			t.Fatalf("%q is left", f.data)
		case d.root.names["g"] != nil:
			t.Fatal("a name survived that was never synced")
		case len(f.data) == len("synced "):
			less++
		default:
			more++
		}
	}
	// One half of the losses are complete, and of the others five in six aren't: that either never comes has a chance below 1e-23.
	if less == 0 || more == 0 {
		t.Errorf("nothing of what was later survived %d times, something %d times", less, more)
	}
}

// A sync of any file makes all names durable, but no other file's bytes.
func TestNamesAreDurableWithTheNextSyncOfAnything(t *testing.T) {
	d := newDisk()
	dir, f, g := d.node(true, 0o700), d.node(false, 0o600), d.node(false, 0o600)
	d.set(d.root, "dir", dir)
	d.set(dir, "new", f)
	f.append("old content")
	d.sync(f)
	d.set(dir, "new", nil)
	d.set(d.root, "renamed", f)
	d.set(d.root, "g", g)
	g.append("gone")
	d.sync(dir)
	g.write(write{at: 2})
	d.set(d.root, "renamed", nil)
	d.lose()
	if d.root.names["renamed"] != f || len(dir.names) != 0 || string(f.data) != "old content" {
		t.Errorf("%v, %v, %q", d.root.names, dir.names, f.data)
	}
	if d.root.names["g"] != g || len(g.data) > len("gone") {
		t.Errorf("%q", g.data)
	}
}

func TestASizeIsAWriteLikeOthers(t *testing.T) {
	d := newDisk()
	f := d.node(false, 0o600)
	d.set(d.root, "f", f)
	f.append("abcdef")
	f.write(write{at: 3})
	f.write(write{at: 5})
	f.write(write{4, []byte("xyz")})
	d.sync(f)
	f.write(write{at: 0})
	if len(f.data) != 0 {
		t.Errorf("%q", f.data)
	}
	d.root.lose(true)
	if string(f.data) != "abc\x00xyz" {
		t.Errorf("%q", f.data)
	}
}
