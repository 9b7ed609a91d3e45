package host

import (
	"fmt"
	"sync"
)

// A fatal is a logger of the embedded server that keeps the first reason why it can't start, and nothing else. There is none if it is "".
type fatal struct {
	mu   sync.Mutex
	text string
}

func (f *fatal) Fatalf(format string, v ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.text == "" {
		f.text = fmt.Sprintf(format, v...)
	}
}

func (f *fatal) first() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.text
}

func (*fatal) Noticef(string, ...any) {}
func (*fatal) Warnf(string, ...any)   {}
func (*fatal) Errorf(string, ...any)  {}
func (*fatal) Debugf(string, ...any)  {}
func (*fatal) Tracef(string, ...any)  {}
