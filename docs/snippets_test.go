package docs_test

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// imported are the packages that the code on the pages may use; what else it names is the reader's own, or another module's.
var imported = []string{
	"context", "errors", "fmt", "io", "log/slog", "net/http", "os", "strings", "sync", "testing", "time", "database/sql",
	"github.com/callagain/retry", "github.com/callagain/retry/retrydebug", "github.com/callagain/retry/retryhttp",
	"github.com/callagain/retry/retrysim", "github.com/callagain/retry/retrysql", "github.com/callagain/retry/retrytest",
}

// ofAReader are complaints about code that isn't whole: it is a part of a function, and names things of the reader's.
var ofAReader = regexp.MustCompile(`^undefined: [a-z]\w*$|^undefined: [A-Z]\w*$|^declared and not used|imported and not used|^missing return|no new variables|(not enough|too many) return values|redeclared|is not used$`)

// The code on the pages has the fields, methods, arguments and types that this module's packages have.
func TestCodeOnThePagesIsRight(t *testing.T) {
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	set, snippets := token.NewFileSet(), 0
	from := importer.ForCompiler(set, "gc", exportData(t))
	for _, page := range append(pages, "../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range fenced.FindAllStringSubmatch(string(text), -1) {
			if m[1] != "go" {
				continue
			}
			snippets++
			for _, complaint := range complaints(set, from, strings.ReplaceAll(m[2], "{ … }", "{}")) {
				t.Errorf("%s: %v\n%s", page, complaint, m[2])
			}
		}
	}
	if snippets < 40 {
		t.Errorf("there are %d pieces of code, so most weren't found", snippets)
	}
	if c := complaints(set, from, "policy := retry.Policy{Tries: 3}\nretry.Nothing(ctx)\nretry.Do(ctx)"); len(c) != 3 {
		t.Errorf("of three mistakes these were seen: %q", c)
	}
}

// exportData returns a function that opens what the compiler has written about a package.
func exportData(t *testing.T) importer.Lookup {
	list := exec.Command("go", append([]string{"list", "-deps", "-export", "-f", "{{.ImportPath}} {{.Export}}"}, imported...)...)
	list.Stderr = t.Output()
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		files[path] = file
	}
	return func(path string) (io.ReadCloser, error) { return os.Open(files[path]) }
}

// complaints returns what is wrong with code, declarations or a part of a function.
func complaints(set *token.FileSet, from types.Importer, code string) (all []string) {
	var imports strings.Builder
	imports.WriteString("package p\n")
	for _, path := range imported {
		imports.WriteString("import \"" + path + "\"\n")
	}
	f, err := parser.ParseFile(set, "", imports.String()+"func _() {\n"+code+"\n}", 0)
	if err != nil {
		if f, err = parser.ParseFile(set, "", imports.String()+code, 0); err != nil {
			return []string{err.Error()}
		}
	}
	check := types.Config{Importer: from, Error: func(err error) {
		if e, ok := err.(types.Error); ok && !ofAReader.MatchString(e.Msg) {
			all = append(all, e.Msg)
		}
	}}
	check.Check("p", set, []*ast.File{f}, nil)
	return all
}
