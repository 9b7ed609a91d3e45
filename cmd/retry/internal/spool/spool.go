// Package spool keeps bytes for later: in memory while they are few, on disk when they are many.
package spool

import (
	"fmt"
	"io"
	"os"
)

// InMemory is how much a Buffer keeps in memory; what is longer goes to disk.
const InMemory = 1 << 20

// A Buffer is written at its end and read anywhere. The zero Buffer is empty and ready.
// It isn't safe for concurrent use.
type Buffer struct {
	mem  []byte
	file *file
	size int64
}

// Write appends p. When it fails the Buffer keeps what it had before.
func (b *Buffer) Write(p []byte) (int, error) {
	if b.file == nil && b.size+int64(len(p)) > InMemory {
		if err := b.spill(); err != nil {
			return 0, err
		}
	}
	if b.file == nil {
		b.mem = append(b.mem, p...)
	} else if _, err := b.file.WriteAt(p, b.size); err != nil {
		return 0, fmt.Errorf("%w (free some space there, or set TMPDIR to a place that has it)", err)
	}
	b.size += int64(len(p))
	return len(p), nil
}

// spill moves what is in memory to a file.
func (b *Buffer) spill() error {
	f, err := create()
	if err == nil {
		if _, err = f.WriteAt(b.mem, 0); err != nil {
			f.Close()
		}
	}
	if err != nil {
		return fmt.Errorf("%w (free some space there, or set TMPDIR to a place that has it)", err)
	}
	b.file, b.mem = f, nil
	return nil
}

// Size is how many bytes there are.
func (b *Buffer) Size() int64 { return b.size }

// ReadAt is as [io.ReaderAt] says.
func (b *Buffer) ReadAt(p []byte, off int64) (int, error) {
	if off >= b.size {
		return 0, io.EOF
	}
	if b.file == nil {
		n := copy(p, b.mem[off:])
		if n < len(p) {
			return n, io.EOF
		}
		return n, nil
	}
	// A failed write may have left more in the file than the Buffer has.
	return io.NewSectionReader(b.file, 0, b.size).ReadAt(p, off)
}

// Reader reads all of the Buffer from its start.
func (b *Buffer) Reader() io.Reader { return io.NewSectionReader(b, 0, b.size) }

// Close empties the Buffer and gives back its disk space.
func (b *Buffer) Close() {
	if b.file != nil {
		b.file.Close()
	}
	*b = Buffer{}
}

// A file is a temporary file that nobody has to remember to remove.
type file struct {
	*os.File
	removed bool
}

func create() (*file, error) {
	f, err := os.CreateTemp("", "retry-*")
	if err != nil {
		return nil, err
	}
	return &file{f, removeOpen(f.Name())}, nil
}

func (f *file) Close() {
	f.File.Close()
	if !f.removed {
		os.Remove(f.Name())
	}
}
