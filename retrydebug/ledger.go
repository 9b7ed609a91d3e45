package retrydebug

import (
	"sync"
	"sync/atomic"
	"time"
)

// Limits of what a Board remembers. With all of them reached it is some 50 MB.
const (
	maxPolicies   = 1000     // rows; more share the last one
	maxBudgets    = 1000     // added by Budget
	maxTransports = 100      // of up to 4097 hosts each
	maxGiveUps    = 100      // of each policy
	giveUpBytes   = 64 << 10 // of each policy
	boardBytes    = 16 << 20 // of all give-ups, beyond one of each policy
	maxRetrying   = 20000    // calls between their first failure and their end, whose delays are known
	maxLatest     = 20       // give-ups on the first page
	maxUses       = 50       // of the switch
	maxName       = 200      // bytes
	maxHedges     = 1000     // rows; more share the last one
)

// A ledger is what the rows of a board share.
type ledger struct {
	start    time.Time
	retrying atomic.Int64 // calls that are tracked, of all rows
	bytes    atomic.Int64 // of give-ups, of all rows

	recent struct {
		sync.Mutex
		giveUps []*giveUp
		uses    []use
	}
}
