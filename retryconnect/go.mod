module github.com/callagain/retry/retryconnect

go 1.26.0

require (
	connectrpc.com/connect v1.21.1
	github.com/callagain/retry v0.0.0
	google.golang.org/protobuf v1.36.11
)

replace github.com/callagain/retry => ../
