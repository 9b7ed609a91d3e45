// Package migrate rewrites programs that use other retry libraries so that they use package retry
// (github.com/callagain/retry).
//
// What maps exactly is rewritten. What the other library does by default and this one doesn't is rewritten to the same
// behavior, with a comment that begins with "retry:" and names what is better. What doesn't map is left as it is and
// listed, with the way to do it by hand.
package migrate

import (
	"cmp"
	"fmt"
	"go/token"
	"slices"

	"golang.org/x/tools/go/packages"
)

// A Kind says what became of a use of another library.
type Kind int

const (
	Rewritten Kind = iota // as it was
	Explained             // as it was, with a comment that says what is better
	Left                  // not rewritten
)

// String returns "rewritten", "explained" or "left".
func (k Kind) String() string { return [...]string{"rewritten", "explained", "left"}[k] }

// An Item is one use of another library.
type Item struct {
	Pos  token.Position // its Offset counts CR LF as one byte
	Kind Kind
	What string // the use, such as "backoff.Retry"
	Text string // what it became, or how to do it by hand
}

// String returns the item as a line, such as "a.go:12:9: left: backoff.NewTicker: range over …".
func (i Item) String() string { return fmt.Sprintf("%v: %v: %s: %s", i.Pos, i.Kind, i.What, i.Text) }

// A File is a file that changes.
type File struct {
	Name     string // absolute
	Old, New []byte // Old is nil for a file that is added
}

// A Result is what [Run] found.
type Result struct {
	Files []File   // sorted by name
	Items []Item   // sorted by position
	Notes []string // what is different for every call, by library
}

// Run rewrites the packages that match the patterns, seen from the directory dir, and returns what changes. It writes
// nothing. The error says why packages could not be loaded; a program that doesn't compile isn't rewritten.
func Run(dir string, patterns ...string) (*Result, error) {
	cfg := &packages.Config{
		Dir: dir, Tests: true,
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports | packages.NeedTypes |
			packages.NeedTypesInfo | packages.NeedSyntax | packages.NeedModule | packages.NeedDeps,
		ParseFile: parse,
	}
	pkgs, err := packages.Load(cfg, patterns...)
	if err != nil {
		return nil, fmt.Errorf("loading packages: %w", err)
	}
	for _, p := range pkgs {
		if len(p.Errors) > 0 {
			return nil, fmt.Errorf("loading %s: %w; a program must compile before it is rewritten", p.PkgPath, p.Errors[0])
		}
	}
	// The variant of a package that has its tests has its other files as well.
	slices.SortStableFunc(pkgs, func(a, b *packages.Package) int { return cmp.Compare(len(b.Syntax), len(a.Syntax)) })
	s := &session{done: map[string]bool{}, peers: map[*peer]bool{}, uncertain: map[*peer]bool{}}
	s.others(pkgs)
	var all []*pkg
	for _, p := range pkgs {
		if n := s.open(p); n != nil {
			all = append(all, n)
		}
	}
	for _, p := range all {
		s.strays = s.strays || p.strays()
	}
	for _, p := range all {
		p.calls()
	}
	for _, p := range all {
		p.marks()
	}
	r := &Result{Items: s.items}
	for _, p := range all {
		files, err := p.finish()
		if err != nil {
			return nil, err
		}
		r.Files = append(r.Files, files...)
		r.Items = append(r.Items, p.items...)
	}
	slices.SortFunc(r.Files, func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortStableFunc(r.Items, func(a, b Item) int {
		return cmp.Or(cmp.Compare(a.Pos.Filename, b.Pos.Filename), cmp.Compare(a.Pos.Offset, b.Pos.Offset))
	})
	for _, p := range peers {
		if s.peers[p] {
			for _, n := range p.notes {
				if !slices.Contains(r.Notes, n) {
					r.Notes = append(r.Notes, n)
				}
			}
		}
	}
	return r, nil
}
