package main

import (
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/callagain/retry/cmd/retry/internal/spool"
)

// stdin gives every run the same standard input: what can be rewound, as a file can, is rewound to where it
// was; a pipe is read once, and kept. Anything else, a terminal, is handed through.
type stdin struct {
	file   *os.File
	start  int64 // where it was when we were started
	rewind bool
	kept   *kept // what a pipe gave
}

func newStdin(f *os.File) *stdin {
	s := &stdin{file: f}
	var err error
	if s.start, err = f.Seek(0, io.SeekCurrent); err == nil {
		s.rewind = true
	} else if isPipe(f) {
		s.kept = newKept(f)
	}
	return s
}

// An input is the standard input of one run.
type input struct {
	child *os.File
	from  *kept
	to    *os.File
	over  bool // under the lock of from
	done  chan struct{}
}

// open prepares the input of the next run. Of the last one nothing needs to be kept.
func (s *stdin) open(last bool) (*input, error) {
	if s.rewind {
		if _, err := s.file.Seek(s.start, io.SeekStart); err != nil {
			return nil, fmt.Errorf("standard input can't be read again: %w", err)
		}
	}
	if s.kept == nil {
		return &input{child: s.file}, nil
	}
	untouched, err := s.kept.begin(last)
	if err != nil {
		return nil, fmt.Errorf("standard input can't be given to another attempt, it was too much to keep: %w", err)
	}
	if last && untouched {
		return &input{child: s.file}, nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	return &input{child: r, from: s.kept, to: w, done: make(chan struct{})}, nil
}

// started is called when the run has its end of the pipe, or never will.
func (in *input) started() {
	if in.from == nil {
		return
	}
	in.child.Close()
	go func() {
		defer close(in.done)
		in.from.feed(in.to, &in.over)
		in.to.Close()
	}()
}

// close is called when the run is over.
func (in *input) close() {
	if in.from == nil {
		return
	}
	in.to.Close()
	in.from.interrupt(&in.over)
	<-in.done
}

// kept reads a pipe once for all runs. It reads on only when a run has taken all there was,
// in a goroutine that may stay blocked in a read when the run it read for is long over.
type kept struct {
	from io.Reader

	mu      sync.Mutex
	changed sync.Cond
	buffer  spool.Buffer // all that was read, from the start, until failed
	recent  []byte       // what was read last
	end     int64        // how much was read
	eof     bool
	failed  error // why buffer doesn't have it all
	last    bool  // no further run will need it
	wanted  bool  // a run waits for more
	reading bool  // the goroutine runs
}

func newKept(from io.Reader) *kept {
	k := &kept{from: from}
	k.changed.L = &k.mu
	return k
}

// begin prepares for another run, which may be the last. It reports whether nothing was read, or says why what was can't be read again.
func (k *kept) begin(last bool) (untouched bool, _ error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.last = last
	return k.end == 0 && !k.reading, k.failed
}

// interrupt ends a feed that waits for more.
func (k *kept) interrupt(over *bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	*over = true
	k.changed.Broadcast()
}

// feed writes the whole input to w, as far as w takes it, or until it's over.
func (k *kept) feed(w io.Writer, over *bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	chunk := make([]byte, 64<<10)
	for at := int64(0); ; {
		for at == k.end {
			if k.eof || *over {
				return
			}
			k.wanted = true
			if !k.reading {
				k.reading = true
				go k.read()
			}
			k.changed.Broadcast()
			k.changed.Wait()
		}
		var n int
		if at < k.buffer.Size() {
			n, _ = k.buffer.ReadAt(chunk, at)
		} else {
			n = copy(chunk, k.recent[len(k.recent)-int(k.end-at):])
		}
		if n == 0 {
			return // the disk doesn't give back what it took
		}
		k.mu.Unlock()
		_, err := w.Write(chunk[:n])
		k.mu.Lock()
		if err != nil {
			return // it has ended, or closed its input
		}
		at += int64(n)
	}
}

// read reads on whenever more is wanted.
func (k *kept) read() {
	chunk := make([]byte, 64<<10)
	k.mu.Lock()
	defer k.mu.Unlock()
	for !k.eof {
		for !k.wanted {
			k.changed.Wait()
		}
		k.mu.Unlock()
		n, err := k.from.Read(chunk)
		k.mu.Lock()
		k.wanted = false
		if n > 0 {
			k.recent = append(k.recent[:0], chunk[:n]...)
			if k.failed == nil && !k.last {
				_, k.failed = k.buffer.Write(k.recent)
			}
			k.end += int64(n)
		}
		k.eof = err != nil
		k.changed.Broadcast()
	}
}
