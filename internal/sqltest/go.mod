module github.com/callagain/retry/internal/sqltest

go 1.26

replace (
	github.com/callagain/retry => ../../
	github.com/callagain/retry/retrysql/retrypgx => ../../retrysql/retrypgx
)

require (
	github.com/callagain/retry v0.0.0
	github.com/callagain/retry/retrysql/retrypgx v0.0.0-00010101000000-000000000000
	github.com/go-sql-driver/mysql v1.10.1
	github.com/jackc/pgx/v5 v5.13.0
	github.com/lib/pq v1.12.3
)

require (
	filippo.io/edwards25519 v1.2.0 // indirect
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	github.com/jackc/puddle/v2 v2.2.3 // indirect
	golang.org/x/sync v0.22.0 // indirect
	golang.org/x/text v0.41.0 // indirect
)
