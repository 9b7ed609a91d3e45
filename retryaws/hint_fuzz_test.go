package retryaws

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/callagain/retry/internal/errtree/errtreetest"
)

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"", "0", "5000", "-1", "9223372036854775807", "18446744073709551616", "1e9", "Sun, 06 Nov 1994 08:49:37 GMT"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, amz, standard string) {
		h := http.Header{}
		h.Set("X-Amz-Retry-After", amz)
		answer := func() error {
			return &smithy.OperationError{Err: &smithyhttp.ResponseError{
				Response: &smithyhttp.Response{Response: &http.Response{Header: h}},
				Err:      errors.New("busy"),
			}}
		}
		if d, from := retryAfter(answer()); d < 0 || d > time.Hour || from == noHint && d != 0 || from == standardHint {
			t.Errorf("X-Amz-Retry-After %q: %v, %v", amz, d, from)
		}
		h.Set("Retry-After", standard)
		if d, from := retryAfter(answer()); d < 0 || from == noHint && d != 0 {
			t.Errorf("with Retry-After %q: %v, %v", standard, d, from)
		}
	})
}

// An operation's error without an end asks for nothing, and keeps nobody.
func TestHintOfAnEndlessError(t *testing.T) {
	for _, err := range []error{new(errtreetest.Itself), new(errtreetest.Tree)} {
		if d, from := retryAfter(err); d != 0 || from != noHint {
			t.Errorf("%v: %v", err, d)
		}
	}
}
