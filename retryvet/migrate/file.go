package migrate

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/packages"
)

// A session is one Run.
type session struct {
	done      map[string]bool // files
	peers     map[*peer]bool  // that something was rewritten from
	uncertain map[*peer]bool  // of which a call was left, which must go on to find its marks
	strays    bool            // whether errors are marked by RetryableError outside of attempts
	items     []Item          // files that aren't rewritten
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
	old     []byte
	src     []byte // old with the line ends that syntax counts by
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
		if s.done[name] || imported(f) == nil {
			continue
		}
		s.done[name] = true
		switch src, err := os.ReadFile(name); {
		case !strings.HasSuffix(name, ".go"): // what is made of a file that imports C
			s.skip(p, f, usesCgo)
		case ast.IsGenerated(f):
			s.skip(p, f, "the file is generated; change what generates it")
		case err != nil:
			s.skip(p, f, err.Error())
		default:
			n.files[f] = &file{syntax: f, old: src, src: unix(src), needs: map[string]bool{}}
		}
	}
	for _, name := range p.IgnoredFiles {
		if s.done[name] || !strings.HasSuffix(name, ".go") {
			continue
		}
		s.done[name] = true
		if f, err := parser.ParseFile(p.Fset, name, nil, parser.ImportsOnly); err == nil && imported(f) != nil {
			why := "the file isn't built here; run this where it is, with GOOS, GOARCH or GOFLAGS=-tags=… set"
			if slices.ContainsFunc(f.Imports, func(i *ast.ImportSpec) bool { return pathOf(i) == "C" }) {
				why = usesCgo
			}
			s.skip(p, f, why)
		}
	}
	if len(n.files) == 0 {
		return nil
	}
	n.in = inspector.New(p.Syntax)
	n.index()
	return n
}

const usesCgo = "the file uses cgo; do it by hand"

// imported returns an import of another library, or nil.
func imported(f *ast.File) *ast.ImportSpec {
	for _, i := range f.Imports {
		if peerOf(pathOf(i)) != nil {
			return i
		}
	}
	return nil
}

func pathOf(i *ast.ImportSpec) string {
	path, _ := strconv.Unquote(i.Path.Value)
	return path
}

// others looks for packages of the program that aren't rewritten now: they may have calls that look for marks.
func (s *session) others(pkgs []*packages.Package) {
	now := map[string]bool{}
	for _, p := range pkgs {
		now[p.PkgPath] = true
	}
	packages.Visit(pkgs, nil, func(p *packages.Package) {
		if now[p.PkgPath] || p.Module == nil || !p.Module.Main {
			return
		}
		for path := range p.Imports {
			if lib := peerOf(path); lib != nil {
				s.uncertain[lib] = true
				s.strays = s.strays || lib == sethvargo
			}
		}
	})
}

// skip lists a file that isn't rewritten. It may have calls, which go on to look for the marks of their library.
func (s *session) skip(p *packages.Package, f *ast.File, why string) {
	for _, i := range f.Imports {
		if lib := peerOf(pathOf(i)); lib != nil {
			s.uncertain[lib] = true
			s.items = append(s.items, Item{p.Fset.Position(i.Pos()), Left, lib.path, why})
		}
	}
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
		out = append(out, File{name, f.old, like(f.old, text)})
	}
	added := map[string][]string{} // by the file to put them in
	for name, f := range p.helpers {
		path := p.Fset.Position(f.syntax.FileStart).Filename
		base := "retry_delays%s.go"
		switch {
		case strings.HasSuffix(p.Name, "_test"):
			base = "retry_delays%s_x_test.go"
		case strings.HasSuffix(path, "_test.go"):
			base = "retry_delays%s_test.go"
		}
		at := unused(filepath.Join(filepath.Dir(path), base))
		added[at] = append(added[at], name)
	}
	for at, names := range added {
		slices.Sort(names)
		text, err := format.Source([]byte(helperFile(p.Types, names)))
		if err != nil {
			return nil, fmt.Errorf("writing %s: %w", at, err)
		}
		out = append(out, File{at, nil, text})
	}
	return out, nil
}

// unused returns the name of a file that doesn't exist yet.
func unused(format string) string {
	for i := 1; ; i++ {
		n := ""
		if i > 1 {
			n = strconv.Itoa(i)
		}
		if name := fmt.Sprintf(format, n); !exists(name) {
			return name
		}
	}
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// apply returns the text of the file after its edits.
func (f *file) apply() ([]byte, error) {
	slices.SortStableFunc(f.edits, func(a, b edit) int { // what is added stands before what goes away there
		return cmp.Or(cmp.Compare(a.pos, b.pos), cmp.Compare(min(a.end-a.pos, 1), min(b.end-b.pos, 1)))
	})
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
