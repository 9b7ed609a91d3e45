package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// stamp is the time before a line, if there is to be one.
func stamp(wanted bool) string {
	if !wanted {
		return ""
	}
	return time.Now().Format("2006-01-02 15:04:05.000 ")
}

// A logWriter remembers what went wrong first.
type logWriter struct {
	outletWriter
	err error
}

func (w *logWriter) Write(p []byte) (int, error) {
	n, err := w.outletWriter.Write(p)
	if w.err == nil {
		w.err = err
	}
	return n, err
}

// broken is what went wrong. A nil log has nothing.
func (w *logWriter) broken() error {
	if w == nil {
		return nil
	}
	return w.err
}

// openLog opens the file of --log-file at its end. Others may append to it as well: each line is one write.
func (c *call) openLog(name string) (*logWriter, error) {
	if name == "-" {
		return &logWriter{outletWriter: c.stdout.writer(c.ctx)}, nil
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_APPEND | syscall.O_NONBLOCK
	info, err := os.Lstat(name)
	switch {
	case err == nil && planted(name, info):
		return nil, fmt.Errorf("%s belongs to another user, in a folder that anybody can write to", name)
	case err != nil || info.Mode().IsRegular():
		flags |= noFollow
	}
	f, err := os.OpenFile(name, flags, 0o666)
	if errors.Is(err, syscall.ENXIO) {
		return nil, fmt.Errorf("nobody reads %s; start what reads it first", name)
	}
	if err != nil {
		return nil, err
	}
	return &logWriter{outletWriter: newOutlet(f).writer(c.ctx)}, nil
}
