package retrydebug

import "time"

// numbers is how many attempts of a call are told apart; the last number stands for those after it as well.
const numbers = 10

// A snapshot is what the board shows, and its JSON: these names don't change.
type snapshot struct {
	At       time.Time `json:"at"`
	Headline string    `json:"headline"`
	Load     string    `json:"load"`

	Policies   []policy    `json:"policies"`
	Hedges     []hedging   `json:"hedges"`
	Budgets    []budget    `json:"budgets"`       // those in need first
	Known      int         `json:"budgets_known"` // shown or not
	Transports []transport `json:"transports"`
	GiveUps    []*giveUp   `json:"give_ups"` // the latest first
	Uses       []use       `json:"switch"`   // the latest first

	Omitted omitted `json:"omitted"`

	empty, shut int // budgets, shown or not
}

// omitted is what there was no room for.
type omitted struct {
	Budgets    int `json:"budgets"`
	Transports int `json:"transports"`
}

// A policy is all policies of one name.
type policy struct {
	Name     string           `json:"name"`
	Calls    int64            `json:"calls"`    // that made an attempt which ended
	AtOnce   int64            `json:"at_once"`  // calls that succeeded at the first attempt
	Saved    int64            `json:"saved"`    // calls that succeeded later
	By       [numbers]int64   `json:"saved_by"` // successes by attempt, the last one with those after it
	GaveUp   map[string]int64 `json:"ended"`    // calls that didn't succeed, by outcome
	Attempts attempts         `json:"attempts"`

	Minute float64    `json:"amplification_minute"` // attempts per call; 0 without calls
	Ten    float64    `json:"amplification_ten_minutes"`
	Line   [][2]int64 `json:"line"` // calls and attempts in each ten seconds of the last ten minutes, the latest last
	Recent int64      `json:"gave_up_ten_minutes"`
	InTry  int64      `json:"in_attempt"`
	Wait   int        `json:"waiting"`
	More   bool       `json:"waiting_more"` // than that: not all calls are tracked
	Next   float64    `json:"next_wake_seconds"`
	Budget string     `json:"budget"` // empty if there is none
	Words  string     `json:"words"`
	made   [numbers]int64
}

// attempts that have ended.
type attempts struct {
	All       int64 `json:"all"`
	Succeeded int64 `json:"succeeded"`
	Failed    int64 `json:"failed"`
	Refused   int64 `json:"refused"` // by Around
	Panicked  int64 `json:"panicked"`
}

// hedging is all hedged functions of one name.
type hedging struct {
	Name    string `json:"name"`
	Calls   int64  `json:"calls"`   // that have ended
	Started int64  `json:"started"` // attempts other than the first
	Won     int64  `json:"won"`     // calls whose result is that of such an attempt
	Refused int64  `json:"refused"` // attempts that the budget or MaxInFlight refused
	Budget  string `json:"budget"`  // empty if there is none
}

// A budget as it stands.
type budget struct {
	Target    string   `json:"target"` // for the switch
	Host      string   `json:"host,omitempty"`
	Name      string   `json:"name"`
	Available int      `json:"available"`
	Granted   int64    `json:"granted"`
	Refused   int64    `json:"refused"`
	Shut      float64  `json:"shut_seconds"`       // until it opens by itself; 0 if it is open
	Next      float64  `json:"next_token_seconds"` // 0 if there is one
	Policies  []string `json:"policies,omitempty"`
}

// A transport has the budgets of its hosts, those in need first.
type transport struct {
	Name  string   `json:"name"`
	Hosts []budget `json:"hosts"`
	Known int      `json:"known"` // hosts, shown or not
}

// A use of the switch.
type use struct {
	At      time.Time `json:"at"`
	Who     string    `json:"who"`
	Budget  string    `json:"budget"`
	Minutes int       `json:"minutes"` // 0 if it was opened
}

// A giveUp is a call that ended without success, in texts of bounded length. It isn't changed once it is made.
type giveUp struct {
	At       time.Time `json:"at"`
	Policy   string    `json:"policy"`
	Outcome  string    `json:"outcome"`
	Reason   string    `json:"reason,omitempty"`
	Attempts int       `json:"attempts"`
	Elapsed  float64   `json:"elapsed_seconds"`
	Waited   float64   `json:"waited_seconds"`
	Timeline []moment  `json:"timeline"`
}

// A moment is an attempt that failed.
type moment struct {
	Attempt int      `json:"attempt"`
	Failure string   `json:"failure"`
	At      *float64 `json:"at_seconds,omitempty"`    // since the call began; nil if it isn't known
	Delay   *float64 `json:"delay_seconds,omitempty"` // before the next one
	Ended   bool     `json:"ended,omitempty"`         // the call ended in that delay
}

func (g *giveUp) size() int {
	n := 200 + len(g.Reason)
	for _, m := range g.Timeline {
		n += 80 + len(m.Failure)
	}
	return n
}
