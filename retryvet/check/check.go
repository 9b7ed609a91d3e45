// Package check finds mistakes in programs that use package retry (github.com/callagain/retry) which compile and pass
// review. Each analyzer finds one kind; [Analyzers] has all of them.
//
// A line with a comment //retryvet:ignore, or the line after it, isn't reported, nor is a declaration whose doc comment has it.
package check

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// Analyzers returns all analyzers of this package, for a driver such as [golang.org/x/tools/go/analysis/multichecker].
func Analyzers() []*analysis.Analyzer {
	return []*analysis.Analyzer{Context, Loop, PerCall, Nested, Repeat, Lost}
}

const (
	root = "github.com/callagain/retry"
	http = root + "/retryhttp"
)

// report reports d, unless a comment says to ignore its line.
func report(pass *analysis.Pass, d analysis.Diagnostic) {
	if !ignored(pass, d.Pos) {
		pass.Report(d)
	}
}

func ignored(pass *analysis.Pass, pos token.Pos) bool {
	file := fileOf(pass, pos)
	if file == nil {
		return false
	}
	line := pass.Fset.Position(pos).Line
	for _, group := range file.Comments {
		for _, c := range group.List {
			if l := pass.Fset.Position(c.Pos()).Line; isIgnore(c) && (l == line || l == line-1) {
				return true
			}
		}
	}
	for _, d := range file.Decls {
		var doc *ast.CommentGroup
		switch d := d.(type) {
		case *ast.FuncDecl:
			doc = d.Doc
		case *ast.GenDecl:
			doc = d.Doc
		}
		if within(d, pos) && doc != nil && slices.ContainsFunc(doc.List, isIgnore) {
			return true
		}
	}
	return false
}

func isIgnore(c *ast.Comment) bool {
	text, ok := strings.CutPrefix(c.Text, "//retryvet:ignore")
	return ok && (text == "" || text[0] == ' ')
}

func fileOf(pass *analysis.Pass, pos token.Pos) *ast.File {
	for _, f := range pass.Files {
		if f.FileStart <= pos && pos < f.FileEnd {
			return f
		}
	}
	return nil
}

// inTest reports whether pos is in a test file. Tests make mistakes on purpose, and make things for a single call.
func inTest(pass *analysis.Pass, pos token.Pos) bool {
	return strings.HasSuffix(pass.Fset.File(pos).Name(), "_test.go")
}
