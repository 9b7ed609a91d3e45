package retryaws

import (
	"fmt"

	"github.com/callagain/retry"
)

// policy returns the policy for an operation, with what it leaves to r filled in.
func (r *Retryer) policy(service, operation string) (retry.Policy, error) {
	p := r.Policy
	if p.Name == "" && operation != "" {
		p.Name = service + "." + operation
	}
	if p.RetryIf == nil {
		p.RetryIf = Transient
	}
	if p.Budget == nil {
		p.Budget = r.budget(service)
	}
	if r.ThrottleDelay < 0 {
		reason := fmt.Errorf("%w: ThrottleDelay is %v; it must not be negative", retry.ErrInvalid, r.ThrottleDelay)
		return p, &retry.Error{Name: p.Name, Reason: reason}
	}
	return p, nil
}

func (r *Retryer) budget(service string) *retry.Budget {
	if r.Budget != nil {
		return r.Budget(service)
	}
	if b, ok := r.budgets.Load(service); ok {
		return b.(*retry.Budget)
	}
	b, _ := r.budgets.LoadOrStore(service, &retry.Budget{Name: service})
	return b.(*retry.Budget)
}
