package main

import (
	"maps"
	"math/rand/v2"
	"sync"
)

// A disk is a file system in memory that knows what of it would be there after a power loss.
//
// Of a file that is what was written before its last sync, and by chance a part of what was written after: writes survive in
// their order. Of the names it is what they were when anything was last synced, as in a file system with a journal, such as ext4: a
// file that was made and never synced may be there, and be empty.
type disk struct {
	mu      sync.Mutex
	root    *node
	inodes  uint64
	renamed map[*node]struct{} // directories whose names aren't what is durable of them
	syncs   int
}

// A node is a file or a directory.
type node struct {
	ino uint64
	dir bool
	mod uint32

	names, durableNames map[string]*node // of a directory

	data, durable []byte // of a file
	pending       []write
}

// A write is what was done to a file since its last sync: data at an offset, or a new size.
type write struct {
	at   int
	data []byte // nil for a new size, which is at
}

func newDisk() *disk {
	d := &disk{renamed: map[*node]struct{}{}}
	d.root = d.node(true, 0o700)
	return d
}

func (d *disk) node(dir bool, mod uint32) *node {
	d.inodes++
	n := &node{ino: d.inodes, dir: dir, mod: mod}
	if dir {
		n.names, n.durableNames = map[string]*node{}, map[string]*node{}
	}
	return n
}

// set gives a name of a directory to a node, or removes it if that is nil.
func (d *disk) set(dir *node, name string, n *node) {
	if n == nil {
		delete(dir.names, name)
	} else {
		dir.names[name] = n
	}
	d.renamed[dir] = struct{}{}
}

func (n *node) write(w write) {
	n.pending = append(n.pending, w)
	n.data = w.to(n.data)
}

func (w write) to(b []byte) []byte {
	size := w.at + len(w.data)
	if size > len(b) {
		if size > cap(b) {
			b = append(make([]byte, 0, 2*size), b...)
		}
		clear(b[len(b):size])
		b = b[:size]
	} else if w.data == nil {
		b = b[:size]
	}
	copy(b[w.at:], w.data)
	return b
}

// sync makes a file durable, and all names.
func (d *disk) sync(n *node) {
	d.syncs++
	for _, w := range n.pending {
		n.durable = w.to(n.durable)
	}
	n.pending = nil
	for dir := range d.renamed {
		dir.durableNames = maps.Clone(dir.names)
	}
	clear(d.renamed)
}

// lose is the power loss. It returns how many bytes of writes were lost.
func (d *disk) lose() (lost int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.renamed)
	// One half of the losses are complete, as of a machine that loses its power right away.
	return d.root.lose(rand.IntN(2) == 0)
}

func (n *node) lose(all bool) (lost int) {
	if n.dir {
		n.names = maps.Clone(n.durableNames)
		for _, c := range n.names {
			lost += c.lose(all)
		}
		return lost
	}
	survive := 0
	if len(n.pending) > 0 && !all {
		survive = rand.IntN(len(n.pending) + 1)
	}
	for _, w := range n.pending[:survive] {
		n.durable = w.to(n.durable)
	}
	for _, w := range n.pending[survive:] {
		lost += len(w.data)
	}
	n.data, n.pending = append([]byte(nil), n.durable...), nil
	return lost
}
