package migrate

import (
	"fmt"
	"strings"
)

// me stands for the name of package retry until it is known.
const me = "\x00"

// A policy is what the literal of a retry.Policy is made of.
type policy struct {
	fields   []field
	helpers  []string
	ctx      string
	head     string // comments
	explains bool
}

type field struct{ name, value, comment string }

// set sets a field; comment says what is better, or is empty.
func (p *policy) set(name, value, comment string) {
	if value == "" {
		return
	}
	p.explains = p.explains || comment != ""
	f := field{name, value, comment}
	for i := range p.fields {
		if p.fields[i].name == name {
			p.fields[i] = f
			return
		}
	}
	p.fields = append(p.fields, f)
}

// help makes the rewritten program have a function of helpers.
func (p *policy) help(name string) { p.helpers = append(p.helpers, name) }

// mentions reports whether a field's value has the text in it.
func (p *policy) mentions(text string) bool {
	for _, f := range p.fields {
		if strings.Contains(f.value, text) {
			return true
		}
	}
	return false
}

// String returns the literal.
func (p *policy) String() string {
	if len(p.fields) == 0 && p.head == "" {
		return me + "Policy{}"
	}
	var parts []string
	long := p.explains
	for _, name := range []string{"Attempts", "Backoff", "Within", "RetryIf", "Decide", "Observe"} {
		for _, f := range p.fields {
			if f.name == name {
				part := fmt.Sprintf("%s: %s,", f.name, f.value)
				if f.comment != "" {
					part = "// retry: " + f.comment + "\n" + part
				}
				parts = append(parts, part)
				long = long || strings.Contains(f.value, "\n")
			}
		}
	}
	if !long && p.head == "" && len(strings.Join(parts, " ")) < 80 {
		return me + "Policy{" + strings.TrimSuffix(strings.Join(parts, " "), ",") + "}"
	}
	return me + "Policy{\n" + p.head + strings.Join(parts, "\n") + "\n}"
}
