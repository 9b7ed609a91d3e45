// Package retrysql makes database transactions again, as a whole, when the database says that this may help: after a serialization
// failure, a deadlock, a lock that wasn't granted in time, or a lost connection.
//
//	err := retrysql.InTx(ctx, db, policy, nil, func(ctx context.Context, tx *sql.Tx) error {
//		…
//	})
//
// A transaction whose COMMIT got no answer isn't retried, since it may have taken effect: the call ends with [ErrUnknown]. With an
// [Outcome] the database is asked, and the transaction is retried only if it did not take effect.
//
// The package needs no driver and knows the errors of pgx, lib/pq, go-sql-driver/mysql and modernc.org/sqlite; see [Transient]. For pgx
// without database/sql there is the module retrysql/retrypgx.
package retrysql
