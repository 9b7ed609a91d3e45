// Aws is a program of somebody who uses DynamoDB, and nothing else of the AWS SDK.
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/callagain/retry/retryaws"
)

type key struct{}

func (key) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "b"}, nil
}

func main() {
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests++; requests < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		fmt.Fprint(w, `{"TableNames":["one"]}`)
	}))
	defer server.Close()

	cfg := aws.Config{Region: "us-east-1", Credentials: key{}, BaseEndpoint: aws.String(server.URL)}
	new(retryaws.Retryer).Configure(&cfg)
	tables, err := dynamodb.NewFromConfig(cfg).ListTables(context.Background(), nil)
	fmt.Println(requests, tables.TableNames, err)
}
