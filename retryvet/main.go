// Retryvet finds mistakes in programs that use package retry (github.com/callagain/retry), and rewrites programs that
// use other libraries to it.
//
//	retryvet ./...                             reports
//	retryvet -diff -fix ./...                  shows what the suggested fixes change
//	retryvet -fix ./...                        applies them
//	go vet -vettool=$(which retryvet) ./...    reports, as part of go vet
//	retryvet -migrate -diff ./...              shows the program rewritten to package retry
//	retryvet -migrate -fix ./...               rewrites it
//
// See docs/vet.md and docs/migrating.md.
package main

import (
	"golang.org/x/tools/go/analysis/multichecker"

	"github.com/callagain/retry/retryvet/check"
)

func main() { multichecker.Main(check.Analyzers()...) }
