package retrysql

import "context"

// An Outcome finds out whether a transaction took effect whose COMMIT got no answer. It is an [XactStatus] or a [Ledger].
//
// The database is asked at once; if it can't be reached or can't tell yet, the failure is retried as the policy says, and the next
// attempt asks again. Nothing is retried before the outcome is known.
type Outcome interface {
	check() error
	oracle() oracle // for one call of InTx
}

// An oracle finds out what becomes of transactions.
type oracle interface {
	before(context.Context, Tx) error           // after BEGIN
	after(context.Context, Tx) (witness, error) // before COMMIT
	witness                                     // of a transaction for which before failed
}

// A witness knows one transaction. It doesn't change: one that was asked and didn't answer in time may be asked again.
type witness interface {
	ask(context.Context, func(context.Context) (Tx, error)) (committed bool, err error)
}

// briefly calls f in a transaction that is rolled back.
func briefly(ctx context.Context, begin func(context.Context) (Tx, error), f func(Tx) error) error {
	tx, err := begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx)
	return f(tx)
}
