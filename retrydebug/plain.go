package retrydebug

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// plain writes s for a terminal. All texts in it are visible already.
func plain(w io.Writer, s *snapshot) {
	fmt.Fprintf(w, "%s\n%s\n%s\n\n", s.At.Format("2006-01-02 15:04:05 UTC"), s.Headline, s.Load)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "POLICY\tCALLS\tAT ONCE\tSAVED\tNOT SUCCEEDED\tATTEMPTS/CALL\tRUNNING\tWAITING\tBUDGET")
	for _, p := range s.Policies {
		fmt.Fprintf(t, "%s\t%d\t%s\t%d\t%s\t%.2f\t%d\t%s\t%s\n", cmp.Or(p.Name, "(no name)"), p.Calls, percent(p.AtOnce, p.Calls), p.Saved, reasons(p), p.Minute, p.InTry, waits(p), cmp.Or(p.Budget, "none"))
	}
	if len(s.Hedges) > 0 {
		fmt.Fprintln(t, "\nHEDGED\tCALLS\tSTARTED\tWON\tREFUSED\tBUDGET")
	}
	for _, h := range s.Hedges {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%s\n", cmp.Or(h.Name, "(no name)"), h.Calls, h.Started, h.Won, h.Refused, cmp.Or(h.Budget, "none"))
	}
	fmt.Fprintln(t, "\nBUDGET\tAVAILABLE\tGRANTED\tREFUSED\tSTATE")
	for _, b := range s.Budgets {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%s\n", b.Name, b.Available, b.Granted, b.Refused, state(b))
	}
	for _, x := range s.Transports {
		for _, b := range x.Hosts {
			fmt.Fprintf(t, "%s, %s\t%d\t%d\t%d\t%s\n", x.Name, b.Name, b.Available, b.Granted, b.Refused, state(b))
		}
	}
	t.Flush()
	for _, g := range s.GiveUps {
		fmt.Fprintf(w, "\n%s %s: %s after %s in %s\n", g.At.Format("15:04:05"), cmp.Or(g.Policy, "(no name)"), g.Outcome, count(int64(g.Attempts), "attempt", "attempts"), brief(g.Elapsed))
		for _, m := range g.Timeline {
			fmt.Fprintf(w, "  %s\n", m.line())
		}
	}
	for _, u := range s.Uses {
		fmt.Fprintf(w, "\n%s %s\n", u.At.Format("15:04:05"), u.line())
	}
}

func (m moment) line() string {
	s := fmt.Sprintf("attempt %d: %s", m.Attempt, m.Failure)
	if when := m.when(); when != "" {
		s += " (" + when + ")"
	}
	return s
}

// when says when the attempt failed, and what came then.
func (m moment) when() string {
	if m.At == nil {
		return ""
	}
	s := "failed at " + brief(*m.At)
	switch {
	case m.Delay != nil && m.Ended:
		s += "; the call ended " + brief(*m.Delay) + " into the delay"
	case m.Delay != nil:
		s += "; then waited " + brief(*m.Delay)
	}
	return s
}

func (u use) line() string {
	if u.Minutes == 0 {
		return fmt.Sprintf("%s opened the budget %s", u.Who, u.Budget)
	}
	return fmt.Sprintf("%s shut the budget %s for %d minutes", u.Who, u.Budget, u.Minutes)
}

// reasons are a policy's ends without success.
func reasons(p policy) string {
	var parts []string
	for _, o := range outcomes {
		if n := p.GaveUp[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", o, n))
		}
	}
	return cmp.Or(strings.Join(parts, ", "), "0")
}

func waits(p policy) string {
	switch {
	case p.Wait == 0 && !p.More:
		return "0"
	case p.Wait == 0:
		return "0 or more"
	case p.More:
		return fmt.Sprintf("%d or more, next in %s", p.Wait, brief(p.Next))
	}
	return fmt.Sprintf("%d, next in %s", p.Wait, brief(p.Next))
}

func state(b budget) string {
	switch {
	case b.Shut > 0:
		return "shut, opens in " + brief(b.Shut)
	case b.Available == 0:
		return "empty, next token in " + brief(b.Next)
	}
	return "open"
}
