// Package migrate rewrites programs that use other retry libraries so that they use package retry
// (github.com/callagain/retry).
//
// What maps exactly is rewritten. What the other library does by default and this one doesn't is rewritten to the same
// behaviour, with a comment that begins with "retry:" and names what is better. What doesn't map is left as it is and
// listed, with the way to do it by hand.
package migrate

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/format"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/ast/inspector"
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
	Pos  token.Position
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
	var all []*pkg
	for _, p := range pkgs {
		if n := s.open(p); n != nil {
			all = append(all, n)
		}
	}
	for _, p := range all {
		p.calls()
	}
	for _, p := range all {
		p.marks()
	}
	r := &Result{}
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

// A session is one Run.
type session struct {
	done      map[string]bool // files
	peers     map[*peer]bool  // that something was rewritten from
	uncertain map[*peer]bool  // of which a call was left, which must go on to find its marks
}

// A pkg is a package that uses other libraries.
type pkg struct {
	*packages.Package
	s     *session
	in    *inspector.Inspector
	files map[*ast.File]*file
	items []Item

	uses    map[types.Object][]inspector.Cursor
	inits   map[types.Object][]ast.Expr
	helpers map[string]*file // functions that the rewritten program needs, and a file that does
}

// A file is a source file that uses other libraries.
type file struct {
	syntax  *ast.File
	src     []byte
	edits   []edit
	needs   map[string]bool // imports
	inside  []ast.Node      // functions that have become attempts
	outside []ast.Node      // functions of calls that are left
	both    []*ast.CallExpr // that have the marks of both libraries
	touched bool            // whether it uses package retry now
}

type edit struct {
	pos, end token.Pos
	text     string
}

func (s *session) open(p *packages.Package) *pkg {
	n := &pkg{Package: p, s: s, files: map[*ast.File]*file{}, uses: map[types.Object][]inspector.Cursor{},
		inits: map[types.Object][]ast.Expr{}, helpers: map[string]*file{}}
	for _, f := range p.Syntax {
		name := p.Fset.Position(f.FileStart).Filename
		if s.done[name] || ast.IsGenerated(f) || !strings.HasSuffix(name, ".go") {
			continue
		}
		for _, i := range f.Imports {
			if peerOf(strings.Trim(i.Path.Value, `"`)) != nil {
				if src, err := os.ReadFile(name); err == nil {
					n.files[f] = &file{syntax: f, src: src, needs: map[string]bool{}}
					s.done[name] = true
				}
				break
			}
		}
	}
	if len(n.files) == 0 {
		return nil
	}
	n.in = inspector.New(p.Syntax)
	n.index()
	return n
}

// fileOf returns the file that holds pos, or nil if it isn't one to rewrite.
func (p *pkg) fileOf(pos token.Pos) *file {
	for syntax, f := range p.files {
		if syntax.FileStart <= pos && pos < syntax.FileEnd {
			return f
		}
	}
	return nil
}

func (p *pkg) note(pos token.Pos, kind Kind, what, format string, args ...any) {
	p.items = append(p.items, Item{p.Fset.Position(pos), kind, what, strings.ReplaceAll(fmt.Sprintf(format, args...), me, "retry.")})
}

// finish returns the files that change.
func (p *pkg) finish() ([]File, error) {
	var out []File
	for _, f := range p.files {
		p.leave(f)
		if len(f.edits) == 0 {
			continue
		}
		p.imports(f)
		text, err := f.apply()
		name := p.Fset.Position(f.syntax.FileStart).Filename
		if err != nil {
			return nil, fmt.Errorf("rewriting %s: %w", name, err)
		}
		out = append(out, File{name, f.src, text})
	}
	added := map[string][]string{} // by the file to put them in
	for name, f := range p.helpers {
		path := p.Fset.Position(f.syntax.FileStart).Filename
		base := "retry_delays.go"
		if strings.HasSuffix(path, "_test.go") {
			base = "retry_delays_test.go"
		}
		at := filepath.Join(filepath.Dir(path), base)
		added[at] = append(added[at], name)
	}
	for at, names := range added {
		slices.Sort(names)
		text, err := format.Source([]byte(helperFile(p.Name, names)))
		if err != nil {
			return nil, fmt.Errorf("writing %s: %w", at, err)
		}
		old, _ := os.ReadFile(at)
		out = append(out, File{at, old, text})
	}
	return out, nil
}

// apply returns the text of the file after its edits.
func (f *file) apply() ([]byte, error) {
	slices.SortStableFunc(f.edits, func(a, b edit) int { return cmp.Compare(a.pos, b.pos) })
	var out []byte
	at := f.syntax.FileStart
	for _, e := range f.edits {
		if e.pos < at {
			return nil, fmt.Errorf("two edits at offset %d", e.pos-f.syntax.FileStart)
		}
		out = append(out, f.src[at-f.syntax.FileStart:e.pos-f.syntax.FileStart]...)
		out = append(out, e.text...)
		at = e.end
	}
	out = append(out, f.src[at-f.syntax.FileStart:]...)
	return format.Source(out)
}

// covered reports whether an edit replaces what is at pos.
func (f *file) covered(pos token.Pos) bool {
	for _, e := range f.edits {
		if e.pos <= pos && pos < e.end {
			return true
		}
	}
	return false
}
