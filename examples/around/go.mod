module github.com/callagain/retry/examples/around

go 1.26.0

require (
	github.com/callagain/retry v0.0.0
	github.com/sony/gobreaker/v2 v2.4.0
	golang.org/x/sync v0.25.0
	golang.org/x/time v0.16.0
)

replace github.com/callagain/retry => ../..
