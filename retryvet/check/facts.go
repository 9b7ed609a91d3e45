package check

import (
	"go/types"

	"golang.org/x/tools/go/analysis"
)

// A wrapper is the fact that a function makes a retry call of which some of its own parameters are the context, the policy
// and the attempt's function. An index is -1 if there is no such parameter.
type wrapper struct{ Ctx, Policy, F int }

func (*wrapper) AFact()         {}
func (*wrapper) String() string { return "wrapper" }

// retries is the fact that the error of a function may be that of a retry call.
type retries struct{}

func (*retries) AFact()         {}
func (*retries) String() string { return "retries" }

// client is the fact that a variable holds a client of package retryhttp.
type client struct{}

func (*client) AFact()         {}
func (*client) String() string { return "client" }

// facts are what is known of the functions and variables of a package and of those that it depends on.
type facts struct {
	wrappers map[*types.Func]wrapper
	retrying map[*types.Func]bool
	clients  map[*types.Var]bool
	tell     func(types.Object, analysis.Fact) // packages that depend on this one
}

func newFacts(known []analysis.ObjectFact, tell func(types.Object, analysis.Fact)) *facts {
	f := &facts{map[*types.Func]wrapper{}, map[*types.Func]bool{}, map[*types.Var]bool{}, tell}
	for _, k := range known {
		switch fact := k.Fact.(type) {
		case *wrapper:
			f.wrappers[k.Object.(*types.Func)] = *fact
		case *retries:
			f.retrying[k.Object.(*types.Func)] = true
		case *client:
			f.clients[k.Object.(*types.Var)] = true
		}
	}
	return f
}

func (f *facts) addWrapper(fn *types.Func, w wrapper) {
	f.wrappers[fn] = w
	f.tell(fn, &w)
}

func (f *facts) addRetrying(fn *types.Func) {
	f.retrying[fn] = true
	f.tell(fn, &retries{})
}

func (f *facts) addClient(v *types.Var) {
	f.clients[v] = true
	f.tell(v, &client{})
}
