package retrydebug

import (
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callagain/retry"
)

// minutes are for how long a budget can be shut; 0 opens it.
var minutes = []int{0, 5, 15, 60}

// operate shuts or opens a budget, if the request may.
func (b *Board) operate(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "the switch takes POST", http.StatusMethodNotAllowed)
		return
	}
	if err := b.cross.Check(r); err != nil {
		http.Error(w, "the switch takes requests of its own page only: "+err.Error(), http.StatusForbidden)
		return
	}
	if b.settings.Operate == nil {
		http.Error(w, "the switch is off: the program sets no Settings.Operate", http.StatusForbidden)
		return
	}
	who, ok := b.settings.Operate(r)
	if !ok {
		http.Error(w, "you may not operate the switch: Settings.Operate said no", http.StatusForbidden)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form can't be read: "+visible(err.Error(), maxText), http.StatusBadRequest)
		return
	}
	m, err := strconv.Atoi(r.PostForm.Get("minutes"))
	if err != nil || !slices.Contains(minutes, m) {
		http.Error(w, "minutes must be 5, 15, 60, or 0 to open", http.StatusBadRequest)
		return
	}
	budget, name := b.find(r.PostForm.Get("target"), r.PostForm.Get("host"))
	if budget == nil {
		http.Error(w, "there is no such budget, or no longer; reload the page. A policy without a budget can't be shut.", http.StatusNotFound)
		return
	}
	budget.Pause(time.Duration(m) * time.Minute)
	u := use{At: time.Now().UTC(), Who: visible(who, maxName), Budget: name, Minutes: m}
	b.recent.Lock()
	if len(b.recent.uses) == maxUses {
		b.recent.uses = slices.Delete(b.recent.uses, 0, 1)
	}
	b.recent.uses = append(b.recent.uses, u)
	b.recent.Unlock()
	b.views.forget() // else the page that is loaded now would be replaced by what was before, for a moment
	message := "retry budget shut"
	if m == 0 {
		message = "retry budget opened"
	}
	b.settings.Log.LogAttrs(r.Context(), slog.LevelWarn, message, slog.String("budget", name), slog.Duration("for", time.Duration(m)*time.Minute), slog.String("who", u.Who))
	w.Header().Set("Location", "./") // relative to where the board is served, whatever was stripped of the path
	w.WriteHeader(http.StatusSeeOther)
}

// find returns the budget that a form names.
func (b *Board) find(target, host string) (found *retry.Budget, name string) {
	kind, of, _ := strings.Cut(target, ":")
	b.mu.RLock()
	defer b.mu.RUnlock()
	switch kind {
	case "budget":
		return b.budgets.byName[of], of
	case "policy":
		r := b.rows[of]
		if r == nil && of == otherPolicies {
			r = b.other
		}
		if r != nil {
			return r.budget.Load(), "of policy " + of
		}
	case "hedge":
		if h := b.hedges.byName[of]; h != nil {
			return h.budget.Load(), "of the hedges of " + of
		}
	case "transport":
		if t := b.transports.byName[of]; t != nil {
			for h, bud := range t.Budgets() {
				if visible(h, maxName) != host {
					continue
				}
				if found != nil {
					return nil, "" // the page can't tell them apart
				}
				found, name = bud, of+", "+host
			}
		}
	}
	return found, name
}
