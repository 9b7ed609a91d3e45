package migrate

import (
	"go/ast"
	"go/types"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A helper is a function that the rewritten program needs to do what another library does.
type helper struct {
	imports []string
	text    string
}

var declared = regexp.MustCompile(`(?m)^(?:func|type) (\w+)`)

// help makes the rewritten program have a helper, for a call in f. It returns why that isn't possible, or "".
func (p *pkg) help(name string, f *file) (why string) {
	test := func(f *ast.File) bool { return strings.HasSuffix(p.Fset.Position(f.FileStart).Filename, "_test.go") }
	for _, m := range declared.FindAllStringSubmatch(helpers[name].text, -1) {
		obj := p.Types.Scope().Lookup(m[1])
		if obj == nil {
			continue
		}
		at := p.Fset.Position(obj.Pos()).Filename
		if base := filepath.Base(at); !strings.HasPrefix(base, "retry_delays") || strings.HasSuffix(base, "_test.go") && !test(f.syntax) {
			return "the package has something of the name " + m[1] + ", in " + base
		}
		return "" // added before
	}
	for _, i := range helpers[name].imports {
		if p.Types.Scope().Lookup(nameOfImport(i)) != nil {
			return "the package has something of the name " + nameOfImport(i)
		}
	}
	for _, other := range types.Universe.Names() { // such as error
		if p.Types.Scope().Lookup(other) != nil && regexp.MustCompile(`\b`+other+`\b`).MatchString(helpers[name].text) {
			return "the package has something of the name " + other
		}
	}
	if old := p.helpers[name]; old == nil || test(old.syntax) {
		p.helpers[name] = f
	}
	return ""
}

// nameOfImport returns the name of a package that a helper imports.
func nameOfImport(at string) string { return path.Base(strings.TrimSuffix(at, "/v2")) }

// helperFile returns the source of a file with the named helpers.
func helperFile(pkg *types.Package, names []string) string {
	var imports []string
	var b strings.Builder
	for _, name := range names {
		imports = append(imports, helpers[name].imports...)
		b.WriteString(helpers[name].text)
	}
	slices.Sort(imports)
	imports = slices.Compact(imports)
	var std, ours []string
	for _, i := range append(imports, root) {
		if strings.HasPrefix(i, root) {
			ours = append(ours, strconv.Quote(i))
		} else {
			std = append(std, strconv.Quote(i))
		}
	}
	slices.Sort(ours)
	text := b.String()
	if pkg.Scope().Lookup("retry") != nil {
		ours[0] = "callagain " + ours[0]
		text = regexp.MustCompile(`\bretry\.`).ReplaceAllString(text, "callagain.")
	}
	return "package " + pkg.Name() + "\n\nimport (\n\t" + strings.Join(std, "\n\t") + "\n\n\t" + strings.Join(ours, "\n\t") + "\n)\n" + text
}
