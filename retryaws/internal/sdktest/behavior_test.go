package sdktest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/swf"
	swftypes "github.com/aws/aws-sdk-go-v2/service/swf/types"
	"github.com/aws/smithy-go/middleware"
	"github.com/callagain/retry"
	"github.com/callagain/retry/retryaws"
	"github.com/callagain/retry/retrytest"
)

// failJSON answers with an error as the services with JSON do.
func failJSON(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.Header().Set("X-Amzn-Errortype", code)
		w.WriteHeader(status)
		io.WriteString(w, `{"__type":"`+code+`","message":"no"}`)
	}
}

// A limit that the service's model defines isn't throttling, even if it comes with 429: waiting doesn't help.
func TestModeledTooManyRequestsIsNotRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for code, want := range map[string]int{"ActivityLimitExceeded": 1, "SomethingElse": 2, "ThrottlingException": 2} {
			r := &retryaws.Retryer{Policy: retry.Policy{Backoff: retry.List{0, time.Millisecond}}}
			l := times(99, failJSON(429, code))
			_, err := sfn.NewFromConfig(served(t, r, l.ServeHTTP)).CreateActivity(t.Context(), &sfn.CreateActivityInput{Name: aws.String("a")})
			if len(l.at) != want || retryaws.Throttled(err) != (want == 2) {
				t.Errorf("%s: %d attempts, want %d: %v", code, len(l.at), want, err)
			}
			if want == 2 && l.at[1] < 500*time.Millisecond {
				t.Errorf("%s: waited for %v", code, l.at[1])
			}
			if _, ok := errors.AsType[*types.ActivityLimitExceeded](err); ok != (want == 1) {
				t.Errorf("%s: the SDK's type: %v", code, ok)
			}
		}
	})
}

// polls are operations, and whether they are long polls.
var polls = map[string]struct {
	long bool
	call func(context.Context, aws.Config) error
}{
	"ReceiveMessage": {true, func(ctx context.Context, cfg aws.Config) error {
		_, err := sqs.NewFromConfig(cfg).ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: aws.String("http://service.example/1/q")})
		return err
	}},
	"GetActivityTask": {true, func(ctx context.Context, cfg aws.Config) error {
		_, err := sfn.NewFromConfig(cfg).GetActivityTask(ctx, &sfn.GetActivityTaskInput{ActivityArn: aws.String("arn:aws:states:us-east-1:1:activity:a")})
		return err
	}},
	"PollForActivityTask": {true, func(ctx context.Context, cfg aws.Config) error {
		_, err := swf.NewFromConfig(cfg).PollForActivityTask(ctx, &swf.PollForActivityTaskInput{Domain: aws.String("d"), TaskList: &swftypes.TaskList{Name: aws.String("l")}})
		return err
	}},
	"PollForDecisionTask": {true, func(ctx context.Context, cfg aws.Config) error {
		_, err := swf.NewFromConfig(cfg).PollForDecisionTask(ctx, &swf.PollForDecisionTaskInput{Domain: aws.String("d"), TaskList: &swftypes.TaskList{Name: aws.String("l")}})
		return err
	}},
	// One that we don't know, but the SDK says is.
	"ListQueues": {true, func(ctx context.Context, cfg aws.Config) error {
		mark, err := marks(cfg)
		if err != nil {
			return err
		}
		add := func(stack *middleware.Stack) error { return stack.Initialize.Add(mark, middleware.Before) }
		cfg.APIOptions = append([]func(*middleware.Stack) error{add}, cfg.APIOptions...) // as the client has added its own by then
		_, err = sqs.NewFromConfig(cfg).ListQueues(ctx, nil)
		return err
	}},
	"SendMessage": {false, func(ctx context.Context, cfg aws.Config) error {
		_, err := sqs.NewFromConfig(cfg).SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: aws.String("http://service.example/1/q"), MessageBody: aws.String("m")})
		return err
	}},
}

// marks returns the middleware by which the SDK says of ReceiveMessage that it is a long poll.
func marks(cfg aws.Config) (mark middleware.InitializeMiddleware, err error) {
	found := errors.New("found")
	_, ended := sqs.NewFromConfig(cfg).ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{QueueUrl: aws.String("q")}, sqs.WithAPIOptions(func(stack *middleware.Stack) error {
		if m, ok := stack.Initialize.Get("SetLongPollingContext"); ok {
			mark = m
		}
		return found
	}))
	if mark == nil || !errors.Is(ended, found) {
		return nil, fmt.Errorf("the SDK doesn't mark its long polls: %w", ended)
	}
	return mark, nil
}

// exhausted is a Retryer whose budget refuses everything.
func exhausted(p retry.Policy) *retryaws.Retryer {
	p.Budget = new(retry.Budget)
	p.Budget.Pause(24 * time.Hour)
	return &retryaws.Retryer{Policy: p}
}

// Workers call a long poll in a loop. If the budget refuses the retry, the loop must not run hot.
func TestLongPollWaitsThoughTheBudgetRefuses(t *testing.T) {
	for name, poll := range polls {
		for _, inDo := range []bool{false, true} {
			for failure, least := range map[string]time.Duration{"InternalFailure": 3 * time.Second, "ThrottlingException": 30 * time.Second} {
				synctest.Test(t, func(t *testing.T) {
					r := exhausted(retry.Policy{Backoff: retry.List{0, 3 * time.Second}})
					r.ThrottleDelay = time.Minute
					l := times(99, failJSON(500, failure))
					cfg := served(t, r, l.ServeHTTP)
					begun := time.Now()
					var err error
					if inDo {
						err = retryaws.Do(t.Context(), r, func(ctx context.Context) error { return poll.call(ctx, cfg) })
					} else {
						err = poll.call(t.Context(), cfg)
					}
					waited := time.Since(begun)
					if !errors.Is(err, retry.ErrBudget) || len(l.at) != 1 {
						t.Errorf("%s: %d attempts: %v", name, len(l.at), err)
					}
					if poll.long && (waited < least || waited > 2*least) || !poll.long && waited != 0 {
						t.Errorf("%s, %s, in Do %v: waited for %v", name, failure, inDo, waited)
					}
				})
			}
		}
	}
}

func TestLongPollStopsWaitingWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		poll := polls["ReceiveMessage"].call
		r := exhausted(retry.Policy{Backoff: retry.List{0, time.Hour}})
		cfg := served(t, r, failJSON(500, "InternalFailure"))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		begun := time.Now()
		if err := poll(ctx, cfg); !errors.Is(err, retry.ErrBudget) || time.Since(begun) != time.Second {
			t.Errorf("canceled: %v after %v", err, time.Since(begun))
		}
		begun = time.Now()
		r = exhausted(retry.Policy{Backoff: retry.List{0, time.Minute}})
		ctx, cancel = context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		late := served(t, r, func(w http.ResponseWriter, req *http.Request) {
			time.Sleep(time.Minute - time.Millisecond)
			failJSON(500, "InternalFailure")(w, req)
		})
		if err := poll(ctx, late); !errors.Is(err, retry.ErrBudget) || time.Since(begun) != 2*time.Minute-time.Millisecond {
			t.Errorf("with a deadline: %v after %v", err, time.Since(begun))
		}
	})
}

func TestLongPollDoesNotWaitUnderRetrytest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := exhausted(retry.Policy{Backoff: retry.List{0, time.Minute}})
		cfg := served(t, r, failJSON(500, "InternalFailure"))
		ctx, record := retrytest.Context(t.Context(), retrytest.Settings{})
		begun := time.Now()
		err := polls["ReceiveMessage"].call(ctx, cfg)
		if !errors.Is(err, retry.ErrBudget) || time.Since(begun) != 0 || record.Total() != time.Minute {
			t.Errorf("%v after %v, recorded %v", err, time.Since(begun), record.All())
		}
	})
}

// A long poll that succeeds, fails for good or uses up its attempts doesn't wait.
func TestLongPollWaitsForNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		for _, h := range []http.HandlerFunc{
			func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{}") },
			failJSON(400, "InvalidAddress"),
			failJSON(500, "InternalFailure"),
		} {
			polls["ReceiveMessage"].call(t.Context(), served(t, &retryaws.Retryer{Policy: retry.Policy{Backoff: retry.List{0, 0}}}, h))
		}
		if d := time.Since(begun); d != 0 {
			t.Errorf("waited for %v", d)
		}
	})
}
