package migrate

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
)

// parse parses a file as if its lines ended in LF. A carriage return before one means nothing in Go, in a raw string neither, but
// what follows it has other offsets than what is parsed says.
func parse(fset *token.FileSet, name string, src []byte) (*ast.File, error) {
	return parser.ParseFile(fset, name, unix(src), parser.AllErrors|parser.ParseComments)
}

func unix(src []byte) []byte { return bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n")) }

// like returns text with line ends of CR LF if all of old's are.
func like(old, text []byte) []byte {
	if n := bytes.Count(old, []byte("\r\n")); n == 0 || n != bytes.Count(old, []byte("\n")) {
		return text
	}
	return bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
}
