package migrate

import (
	"go/types"
	"testing"

	"golang.org/x/tools/go/packages"
)

// There is something to say about each name that a library exports and a program may have, if it is left.
func TestAdvice(t *testing.T) {
	var paths []string
	for _, lib := range peers {
		paths = append(paths, lib.path)
	}
	pkgs, err := packages.Load(&packages.Config{Dir: "testdata", Mode: packages.NeedName | packages.NeedTypes | packages.NeedImports}, paths...)
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range pkgs {
		lib := peerOf(pkg.PkgPath)
		seen := map[string]bool{"Error": true, "Is": true, "As": true, "Unwrap": true} // of errors
		say := func(obj types.Object) {
			name := obj.Name()
			if obj.Exported() && obj.Pkg() == pkg.Types && !seen[name] && lib.advice[name] == "" && lib.marks[name] == "" && lib.consts[name] == "" {
				seen[name] = true
				t.Errorf("%s: nothing is said about %s", pkg.PkgPath, name)
			}
		}
		scope := pkg.Types.Scope()
		if len(scope.Names()) == 0 {
			t.Fatalf("%s: not loaded: %v", pkg.PkgPath, pkg.Errors)
		}
		for _, name := range scope.Names() {
			say(scope.Lookup(name))
			typ, ok := scope.Lookup(name).(*types.TypeName)
			if !ok || !typ.Exported() {
				continue
			}
			methods := types.NewMethodSet(types.NewPointer(typ.Type()))
			if types.IsInterface(typ.Type()) {
				methods = types.NewMethodSet(typ.Type())
			}
			for m := range methods.Methods() {
				say(m.Obj())
			}
			if s, ok := typ.Type().Underlying().(*types.Struct); ok {
				for f := range s.Fields() {
					say(f)
				}
			}
		}
	}
}
