package migrate

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

var retryablehttp = &peer{
	path: "github.com/hashicorp/go-retryablehttp", name: "retryablehttp",
	advice: retryablehttpAdvice,
	notes: []string{"go-retryablehttp: redirects are followed by the client, not inside of its transport, idle connections stay open when a call fails, a Retry-After doesn't shorten a delay, one beyond the time left " +
		"or five minutes ends the call, requests go through http.DefaultTransport unless there is another one, and nothing is logged (Policy.Observe: retry.Log(…) does)."},
}

func init() { retryablehttp.call = callRetryableHTTP }

// callRetryableHTTP rewrites c := NewClient(), with fields that are set, and c.StandardClient().
func callRetryableHTTP(p *pkg, cur inspector.Cursor, e *ast.CallExpr, fn *types.Func) (string, bool) {
	if fn.Name() != "StandardClient" || fn.Signature().Recv() == nil {
		return "", false
	}
	sel, ok := ast.Unparen(e.Fun).(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	c := &retryableClient{p: p, most: fixed("30 * time.Second", 3e10), least: fixed("1 * time.Second", 1e9), base: "nil"}
	why := c.eval(sel.X)
	if why == "" {
		why = c.emit(cur, e)
	}
	if why != "" {
		p.note(e.Pos(), Left, "retryablehttp.StandardClient", "%s; write retryhttp.NewClient(policy)", why)
		return "", false
	}
	return "", true
}

// emit replaces the call e and what made its client. It returns why it can't, or "".
func (c *retryableClient) emit(cur inspector.Cursor, e *ast.CallExpr) string {
	p := c.p
	if why := p.moved(c.values, cur); why != "" {
		return why
	}
	f := p.fileOf(e.Pos())
	pol := &policy{}
	pol.set("Attempts", c.attempts, c.comment)
	if schedule(c.least, c.most, fixed("2", 2)) {
		pol.set("Backoff", fmt.Sprintf("%sExponential{Initial: %s, Max: %s, Jitter: %sNoJitter}", me, c.least.text, c.most.text, me), "without jitter; leave NoJitter out to spread retries")
	} else {
		pol.help("doubledDelays")
		pol.set("Backoff", "doubledDelays("+c.least.text+", "+c.most.text+")", "the delays as they were; "+me+"Exponential{} spreads them")
	}
	pol.head = "// retry: POST is retried too, without a budget, and the last answer is an error; retryhttp.NewClient doesn't\n\n"
	if c.logs {
		pol.head += "// retry: there was a Logger; Observe: " + me + "Log(slog.Default()) tells of retries and of the end\n\n"
	}
	pol.head += p.comments(f, pol, append(spans(c.deletes), edit{e.Pos(), e.End(), ""})...)
	text := "retryableClient(" + pol.String() + ", " + c.base + ")"
	imports, why := p.needs(text, e.Pos())
	if why != "" {
		return why
	}
	gone := []ast.Node{e}
	for _, s := range c.deletes {
		gone = append(gone, s)
	}
	if name := p.orphans(text, gone, nil); name != "" {
		return "nothing would use " + name + " any more"
	}
	for _, h := range append(pol.helpers, "retryableClient") {
		if why := p.help(h, f); why != "" {
			return why
		}
	}
	for _, name := range imports {
		f.needs[name] = true
	}
	f.edits = append(f.edits, edit{e.Pos(), e.End(), text})
	for _, s := range c.deletes {
		f.remove(s)
	}
	f.touched = true
	p.s.peers[retryablehttp] = true
	p.note(e.Pos(), Explained, "retryablehttp.StandardClient", "a client that retries POST too, without a budget, and returns an error instead of the last answer; retryhttp.NewClient(policy) doesn't")
	return ""
}

type retryableClient struct {
	p                 *pkg
	attempts, comment string
	most, least       amount
	base              string
	logs              bool
	values            []ast.Expr
	deletes           []ast.Stmt
}

func (c *retryableClient) eval(e ast.Expr) string {
	if name, _, ok := c.p.option(e, retryablehttp); ok && name == "NewClient" {
		return c.defaults()
	}
	id, ok := ast.Unparen(e).(*ast.Ident)
	if !ok {
		return "its client isn't made in this function"
	}
	v, ok := c.p.TypesInfo.Uses[id].(*types.Var)
	if !ok || len(c.p.inits[v]) != 1 || c.p.inits[v][0] == nil {
		return "its client isn't made in this function"
	}
	if name, _, ok := c.p.option(c.p.inits[v][0], retryablehttp); !ok || name != "NewClient" {
		return "its client isn't made by NewClient"
	}
	def, ok := c.p.in.Root().FindNode(c.p.inits[v][0])
	if !ok {
		return "its client isn't made in this function"
	}
	stmt := def.Parent()
	s, ok := stmt.Node().(*ast.AssignStmt)
	if kind, _ := stmt.ParentEdge(); !ok || len(s.Lhs) != 1 || s.Tok != token.DEFINE || kind != edge.BlockStmt_List {
		return "its client is made in another statement"
	}
	c.deletes = append(c.deletes, s)
	used := 0
	for _, use := range c.p.uses[v] {
		sel, ok := use.Parent().Node().(*ast.SelectorExpr)
		if !ok || sel.X != use.Node() {
			return "its client is used in another way, too"
		}
		if sel.Sel.Name == "StandardClient" {
			used++
			continue
		}
		at, name := use.Parent(), sel.Sel.Name
		if up, ok := at.Parent().Node().(*ast.SelectorExpr); ok {
			at, name = at.Parent(), name+"."+up.Sel.Name
		}
		set, ok := at.Parent().Node().(*ast.AssignStmt)
		if !ok || len(set.Lhs) != 1 || set.Lhs[0] != at.Node() || set.Tok != token.ASSIGN || at.Parent().Parent() != stmt.Parent() {
			return "the " + name + " of its client is used, or set under a condition"
		}
		if why := c.field(name, set.Rhs[0]); why != "" {
			return why
		}
		c.deletes = append(c.deletes, set)
	}
	if used != 1 {
		return "its client is used more than once"
	}
	return c.defaults()
}

func (c *retryableClient) defaults() string {
	if c.attempts == "" {
		c.attempts, c.comment = "5", "were 4 retries by default; attempts include the first, and 4 are the default"
	}
	return ""
}

func (c *retryableClient) field(name string, v ast.Expr) string {
	if name == "Logger" {
		c.logs = !c.p.TypesInfo.Types[v].IsNil()
		return ""
	}
	if name == "HTTPClient" { // with nothing but a transport
		if u, ok := ast.Unparen(v).(*ast.UnaryExpr); ok {
			if lit, ok := u.X.(*ast.CompositeLit); ok && len(lit.Elts) == 1 {
				if kv, ok := lit.Elts[0].(*ast.KeyValueExpr); ok && c.p.src(kv.Key) == "Transport" {
					name, v = "HTTPClient.Transport", kv.Value
				}
			}
		}
	}
	a, ok := c.p.amount(v, retryablehttp)
	if !ok {
		return "the " + name + " of its client is made in place, or uses the library"
	}
	c.values = append(c.values, v)
	switch name {
	case "RetryMax":
		switch f, known := a.float(); {
		case !known:
			c.attempts, c.comment = "max("+a.text+", 0) + 1", "were retries; attempts include the first"
		case f < 0:
			c.attempts, c.comment = "1", "there were no retries"
		default:
			c.attempts, c.comment = c.p.retries(v, a.text)
		}
	case "RetryWaitMin":
		c.least = a
	case "RetryWaitMax":
		c.most = a
	case "HTTPClient.Transport":
		c.base = a.text
	default:
		return "of the " + name + " of its client"
	}
	return ""
}
