package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
)

// A prefixer says before each line which attempt it is of. It passes lines on whole, so that they don't mix with those of the other
// output, nor with those of others who write to the same place.
type prefixer struct {
	to      io.Writer
	prefix  string
	stamped bool
	text    []byte // not passed on yet
	open    bool   // its last line doesn't end yet
}

// longestLine is how much of a line is kept until it ends.
const longestLine = 64 << 10

func (c *call) newPrefixer(to io.Writer, number int) *prefixer {
	p := &prefixer{to: to, prefix: fmt.Sprintf("[%d/%d] ", number, c.most), stamped: c.verbose}
	if c.most == unlimited {
		p.prefix = fmt.Sprintf("[%d] ", number)
	}
	return p
}

func (p *prefixer) Write(b []byte) (int, error) {
	for line := range bytes.Lines(b) {
		if !p.open {
			p.text = append(append(p.text, stamp(p.stamped)...), p.prefix...)
		}
		p.text = append(p.text, line...)
		p.open = line[len(line)-1] != '\n'
	}
	whole := len(p.text)
	if p.open && whole < longestLine {
		whole = bytes.LastIndexByte(p.text, '\n') + 1
	}
	return len(b), p.pass(whole)
}

// end is called when the run has ended. It ends the last line as well, or the next one would have no prefix.
func (p *prefixer) end() error {
	if p.open {
		p.text = append(p.text, '\n')
	}
	return p.pass(len(p.text))
}

func (p *prefixer) pass(n int) error {
	if n == 0 {
		return nil
	}
	whole := p.text[:n]
	p.text = slices.Clone(p.text[n:]) // who gets the other part may not give it back
	_, err := p.to.Write(whole)
	return err
}
