module github.com/callagain/retry/retryaws

go 1.26.0

require (
	github.com/aws/aws-sdk-go-v2 v1.48.0
	github.com/aws/smithy-go v1.28.9
	github.com/callagain/retry v0.0.0
)

replace github.com/callagain/retry => ../
