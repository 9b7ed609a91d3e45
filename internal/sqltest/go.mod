module github.com/callagain/retry/internal/sqltest

go 1.26

replace (
	github.com/callagain/retry => ../../
	github.com/callagain/retry/retrysql/retrypgx => ../../retrysql/retrypgx
)
