package probe

import "context"

// Add returns policy, which is a retry.Policy, with the probe p outside of those that it has. One of them that replaces reports true for, if there
// is one, has its place taken by p.
func Add(policy any, p Probe, replaces func(Probe) bool) any {
	old := Get(policy)
	if replaced, ok := replace(old, p, replaces); ok {
		return Set(policy, replaced)
	}
	if old != nil {
		p = both{p, old}
	}
	return Set(policy, p)
}

func replace(old, p Probe, replaces func(Probe) bool) (Probe, bool) {
	if b, ok := old.(both); ok {
		if outer, ok := replace(b.outer, p, replaces); ok {
			return both{outer, b.inner}, true
		}
		inner, ok := replace(b.inner, p, replaces)
		return both{b.outer, inner}, ok
	}
	return p, old != nil && replaces(old)
}

// both are two probes.
type both struct{ outer, inner Probe }

func (b both) Begin(ctx context.Context, attempt int) (context.Context, any) {
	ctx, outer := b.outer.Begin(ctx, attempt)
	done := false
	defer func() {
		if !done { // a tracer may panic
			b.outer.End(outer, Panicked, attempt, nil)
		}
	}()
	ctx, inner := b.inner.Begin(ctx, attempt)
	done = true
	return ctx, [2]any{outer, inner}
}

func (b both) End(begun any, o Outcome, attempt int, failure error) {
	of := begun.([2]any)
	defer b.outer.End(of[0], o, attempt, failure)
	b.inner.End(of[1], o, attempt, failure)
}

func (b both) Event(event any) {
	for _, p := range [2]Probe{b.outer, b.inner} {
		if l, ok := p.(Listener); ok {
			l.Event(event)
		}
	}
}
