package retryaws_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/errtree/errtreetest"
	"github.com/callagain/retry/retryaws"
)

func TestTransient(t *testing.T) {
	for _, failure := range []error{
		fmt.Errorf("read: %w", io.ErrUnexpectedEOF),
		&smithy.DeserializationError{Err: io.ErrUnexpectedEOF},
		&smithy.GenericAPIError{Code: "RequestTimeout"},
		&smithy.GenericAPIError{Code: "ThrottlingException"},
		&net.DNSError{IsTemporary: true},
		errors.New("checksum did not match: algorithm CRC32"),
		fmt.Errorf("operation: %w", retry.ErrTimeout),
	} {
		if !retryaws.Transient(failure) {
			t.Errorf("%v isn't retried", failure)
		}
	}
	for _, failure := range []error{
		errors.New("anything"),
		nil,
		context.Canceled,
		&smithy.CanceledError{Err: context.Canceled},
		&retry.Error{Reason: retry.ErrExhausted, Failures: []error{io.ErrUnexpectedEOF}},
		&smithy.GenericAPIError{Code: "AccessDenied"},
		&net.DNSError{IsNotFound: true},
	} {
		if retryaws.Transient(failure) {
			t.Errorf("%v is retried", failure)
		}
	}
}

// An error without an end isn't retried, and keeps nobody.
func TestEndlessErrors(t *testing.T) {
	for _, failure := range []error{new(errtreetest.Itself), new(errtreetest.Tree), fmt.Errorf("x: %w", errors.Join(io.ErrUnexpectedEOF, new(errtreetest.Tree)))} {
		if retryaws.Transient(failure) || retryaws.Throttled(failure) {
			t.Errorf("%v is retried", failure)
		}
		attempts := 0
		r := new(retryaws.Retryer)
		err := retryaws.Do(t.Context(), r, func(context.Context) error { attempts++; return failure })
		if err != failure || attempts != 1 {
			t.Errorf("%d attempts: %v", attempts, err)
		}
	}
	var many error
	for range 3000 {
		many = errors.Join(many, io.ErrUnexpectedEOF)
	}
	if !retryaws.Transient(many) {
		t.Error("many failures that may pass aren't retried")
	}
}

func TestMaxAttempts(t *testing.T) {
	for _, test := range []struct {
		policy retry.Policy
		want   int
	}{
		{retry.Policy{}, 4},
		{retry.Policy{Attempts: 7}, 7},
		{retry.Policy{Attempts: retry.Unlimited}, 0},
		{retry.Policy{Backoff: retry.Exponential{}}, 4},
		{retry.Policy{Backoff: retry.Constant(1)}, 4},
		{retry.Policy{Backoff: retry.List{0, 1}}, 2},
		{retry.Policy{Attempts: 1, Backoff: retry.List{0, 1}}, 1},
		{retry.Policy{Attempts: 5, Backoff: retry.List{0, 1}}, 2},
		{retry.Policy{Attempts: retry.Unlimited, Backoff: retry.List{0, 1}}, 2},
		{retry.Policy{Attempts: 3, Backoff: retry.Seq(effects(t))}, 3},
		{retry.Policy{Backoff: retry.Seq(effects(t))}, 0},
	} {
		if got := (&retryaws.Retryer{Policy: test.policy}).MaxAttempts(); got != test.want {
			t.Errorf("MaxAttempts with Attempts: %d and %T is %d, want %d", test.policy.Attempts, test.policy.Backoff, got, test.want)
		}
		if _, ok := test.policy.Backoff.(retry.Seq); ok {
			continue
		}
		if plan, err := test.policy.Plan(); err != nil || max(plan.Attempts, 0) != test.want {
			t.Errorf("the plan with Attempts: %d and %T has %d, %v", test.policy.Attempts, test.policy.Backoff, plan.Attempts, err)
		}
	}
}

// effects is a schedule that must not be asked in advance.
func effects(t *testing.T) func(func(time.Duration) bool) {
	return func(func(time.Duration) bool) { t.Error("the schedule was asked") }
}

// Who calls DynamoDB doesn't need the client of S3: the tests that do are a module of their own.
func TestModuleNeedsNoService(t *testing.T) {
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "/service/") || strings.Contains(string(text), "aws-sdk-go-v2/config") {
			t.Errorf("%s:\n%s", name, text)
		}
	}
}
