package sdktest_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/callagain/retry"
	"github.com/callagain/retry/retryaws"
)

// unsigned leaves out what else reads the body, and rewinds it: signing and checksums.
func unsigned(o *s3.Options) {
	o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
	o.APIOptions = append(o.APIOptions, v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware)
}

func TestEachAttemptSendsTheWholeBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := bytes.Repeat([]byte("0123456789"), 100_000)
		for _, option := range []func(*s3.Options){plain, unsigned} {
			var got [][]byte
			c := serve(t, new(retryaws.Retryer), func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				if got = append(got, b); len(got) < 3 {
					fail(w, 500, "InternalError")
				}
			})
			skipped := bytes.NewReader(append([]byte("not to be sent"), data...))
			skipped.Seek(int64(len("not to be sent")), io.SeekStart)
			_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: object.Bucket, Key: object.Key, Body: skipped}, option)
			if err != nil || len(got) != 3 {
				t.Fatalf("%d attempts: %v", len(got), err)
			}
			for i, b := range got {
				if !bytes.Equal(b, data) {
					t.Errorf("attempt %d sent %d bytes, want all %d", i+1, len(b), len(data))
				}
			}
		}
	})
}

// What can't be rewound is sent once, and the failure is the server's, not the rewinding's.
func TestBodyThatCannotBeRewoundIsSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		requests := 0
		c := serve(t, new(retryaws.Retryer), func(w http.ResponseWriter, r *http.Request) {
			requests++
			io.Copy(io.Discard, r.Body)
			fail(w, 500, "InternalError")
		})
		_, err := c.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: object.Bucket, Key: object.Key,
			Body: io.LimitReader(strings.NewReader("stream"), 6), ContentLength: aws.Int64(6),
		}, unsigned)
		api, ok := errors.AsType[smithy.APIError](err)
		if _, gaveUp := errors.AsType[*retry.Error](err); requests != 1 || !ok || api.ErrorCode() != "InternalError" || gaveUp {
			t.Errorf("after %d requests: %v", requests, err)
		}
	})
}

// A stuck body cannot be rewound once all of it is read.
type stuck struct {
	*strings.Reader
	sent bool
}

func (s *stuck) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	s.sent = s.Len() == 0
	return n, err
}

func (s *stuck) Seek(offset int64, whence int) (int64, error) {
	if s.sent {
		return 0, errors.New("stuck")
	}
	return s.Reader.Seek(offset, whence)
}

func TestFailedRewindKeepsTheFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		requests := 0
		c := serve(t, new(retryaws.Retryer), func(w http.ResponseWriter, r *http.Request) {
			requests++
			io.Copy(io.Discard, r.Body)
			fail(w, 500, "InternalError")
		})
		_, err := c.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: object.Bucket, Key: object.Key, Body: &stuck{Reader: strings.NewReader("stream")},
		}, unsigned)
		api, ok := errors.AsType[smithy.APIError](err)
		if requests != 1 || !ok || api.ErrorCode() != "InternalError" || !strings.Contains(err.Error(), "stuck") {
			t.Errorf("after %d requests: %v", requests, err)
		}
	})
}
