package aws

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"github.com/callagain/retry"
)

// A queue answers the n-th request with the n-th error: a status and a code, as in "500 InternalError"; "reset" breaks the connection.
type queue struct {
	began  time.Time
	errors []string
	at     []time.Duration
}

func (q *queue) Do(req *http.Request) (*http.Response, error) {
	q.at = append(q.at, time.Since(q.began))
	io.Copy(io.Discard, req.Body)
	h := http.Header{"Content-Type": {"application/x-amz-json-1.0"}}
	status, body := 200, `{"MessageId":"1","MD5OfMessageBody":"13de61957c9072d9a2e4fa3b7843e9d5"}`
	if len(q.errors) > 0 {
		next := q.errors[0]
		q.errors = q.errors[1:]
		if next == "reset" {
			return nil, syscall.ECONNRESET
		}
		code, name, _ := strings.Cut(next, " ")
		status = map[string]int{"400": 400, "500": 500, "503": 503}[code]
		body = `{"__type":"` + name + `","message":"no"}`
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: req}, nil
}

func send(ctx context.Context, c *sqs.Client, in *sqs.SendMessageInput) error {
	_, err := c.SendMessage(ctx, in)
	return err
}

func run(t *testing.T, client func(aws.Config) *sqs.Client, send func(context.Context, *sqs.Client, *sqs.SendMessageInput) error, answers ...string) (at []time.Duration, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		q := &queue{began: time.Now(), errors: answers}
		c := client(aws.Config{Region: "eu-west-1", HTTPClient: q, Credentials: aws.AnonymousCredentials{}})
		err = send(t.Context(), c, &sqs.SendMessageInput{QueueUrl: aws.String("http://127.0.0.1/q"), MessageBody: aws.String("tea")})
		at = q.at
	})
	return at, err
}

func TestSame(t *testing.T) {
	for _, p := range []struct {
		name                   string
		before, after          func(aws.Config) *sqs.Client
		sendBefore, sendingNow func(context.Context, *sqs.Client, *sqs.SendMessageInput) error
	}{
		{"standard", beforeStandard, afterStandard, send, send},
		{"code", beforeCode, afterCode, send, send},
		{"nop", beforeNop, afterNop, send, send},
		{"operation", beforeStandard, afterStandard, beforeOperation, afterOperation},
	} {
		for name, answers := range map[string][]string{
			"success":      nil,
			"twice 500":    {"500 InternalError", "500 InternalError"},
			"500 for good": slices.Repeat([]string{"500 InternalError"}, 99),
			"reset":        {"reset"},
			"final":        {"500 InternalError", "400 QueueDoesNotExist"},
			"busy":         {"400 QueueBusy"},
		} {
			before, was := run(t, p.before, p.sendBefore, answers...)
			after, is := run(t, p.after, p.sendingNow, answers...)
			if len(before) == 0 || !slices.Equal(before, after) {
				t.Errorf("%s, %s: requests at %v before, at %v after", p.name, name, before, after)
			}
			if (was == nil) != (is == nil) {
				t.Errorf("%s, %s: %v before, %v after", p.name, name, was, is)
			}
			a, _ := errors.AsType[smithy.APIError](was)
			b, _ := errors.AsType[smithy.APIError](is)
			if a != nil && (b == nil || a.ErrorCode() != b.ErrorCode()) {
				t.Errorf("%s, %s: the service's error was %v, is %v", p.name, name, a, b)
			}
		}
	}
}

// The errors of a call that gives up.
func TestErrors(t *testing.T) {
	answers := slices.Repeat([]string{"500 InternalError"}, 99)
	_, was := run(t, beforeStandard, send, answers...)
	_, is := run(t, afterStandard, send, answers...)
	b, ok := errors.AsType[*sdk.MaxAttemptsError](was)
	a, ok2 := errors.AsType[*retry.Error](is)
	if !ok || !ok2 || b.Attempt != 5 || a.Attempts != 5 || !errors.Is(is, retry.ErrExhausted) {
		t.Errorf("%v before, %v after", was, is)
	}
}
