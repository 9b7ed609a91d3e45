package main

import (
	"os"
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
	f, err := c.openShared(name, os.O_APPEND)
	if err != nil {
		return nil, err
	}
	return &logWriter{outletWriter: newOutlet(f).writer(c.ctx)}, nil
}
