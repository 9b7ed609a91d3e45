package retrytest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/callagain/retry"
)

// ErrScripted is the failure of a [Step] that has no error of its own.
var ErrScripted = errors.New("scripted failure")

// A Step says what happens to one attempt. The zero Step is a success at once.
type Step struct {
	// Slow is how long the attempt takes before anything else happens. It ends early, with the cause of the attempt's
	// context, if that ends.
	//
	// It is not skipped by a [Context], which only skips the delays between attempts: the time-outs
	// under test need it to pass. In a bubble of package testing/synctest it takes no real time.
	Slow time.Duration

	// Err is the failure of the attempt. See also [Fail], [Refused] and [GoAway].
	Err error

	// Status is the HTTP status of the answer. If it is 0, it is 200. To a function, a status of 400 or more
	// is a failure whose text is the status.
	Status int

	// After is how long the server asks to wait: [retry.After] around the failure of a function, Retry-After
	// in an HTTP answer, in whole seconds rounded up. A step with nothing but After fails, with
	// ErrScripted or 503.
	After time.Duration

	// Cut ends the answer in the middle of its body. Who reads it gets [io.ErrUnexpectedEOF], and so does the caller of a function.
	Cut bool

	// SlowBody is how long the second half of the answer's body takes. A function takes that much longer. As with Slow, it
	// isn't skipped, and ends early if the context ends.
	SlowBody time.Duration
}

// Steps that many scripts have. All but OK fail.
var (
	OK   = Step{}
	Fail = Step{Err: ErrScripted}

	// Refused is a connection that was refused, so that nothing was sent: errors.Is(err, syscall.ECONNREFUSED).
	Refused = Step{Err: &net.OpError{Op: "dial", Net: "tcp", Addr: loopback, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}}

	// GoAway is an HTTP/2 server that is shutting down: it announced that by a GOAWAY frame, and closed the connection before it
	// answered. The error has the same text as that of net/http, whose type isn't exported.
	GoAway = Step{Err: errors.New(`http2: server sent GOAWAY and closed the connection; LastStreamID=1, ErrCode=NO_ERROR, debug=""`)}
)

var loopback net.Addr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}

// String describes the step, as in "fail: connection refused, slow 3s".
func (s Step) String() string {
	what := "succeed"
	switch {
	case s.Err != nil:
		what = "fail: " + s.Err.Error()
	case s.Status != 0:
		what = fmt.Sprintf("answer %d", s.Status)
	case s.After > 0:
		what = "fail"
	}
	if s.After > 0 {
		what += fmt.Sprintf(", retry after %v", s.After)
	}
	if s.Slow > 0 {
		what += fmt.Sprintf(", slow %v", s.Slow)
	}
	if s.SlowBody > 0 {
		what += fmt.Sprintf(", slow body %v", s.SlowBody)
	}
	if s.Cut {
		what += ", cut in the middle"
	}
	return what
}

// failure is the step as a function's error.
func (s Step) failure() error {
	err := s.Err
	switch {
	case err != nil:
	case s.Status >= 400:
		err = fmt.Errorf("%w: %d %s", ErrScripted, s.Status, http.StatusText(s.Status))
	case s.After > 0:
		err = ErrScripted
	case s.Cut:
		err = io.ErrUnexpectedEOF
	}
	if s.After > 0 {
		err = retry.After(err, s.After)
	}
	return err
}

// status is the HTTP status of the step, or 0 for that of whatever it is passed on to.
func (s Step) status() int {
	if s.Status == 0 && s.After > 0 {
		return http.StatusServiceUnavailable
	}
	return s.Status
}

// TB is the part of [testing.TB] that this package needs.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
}

// A Script is a list of steps, one for each attempt: by a function ([Func], [Script.Do]), or by HTTP with a client or a server
// ([Script.RoundTripper], [Script.Handler]). What makes the attempts doesn't matter, so it can test any code that retries.
// It may be used by any number of goroutines.
type Script struct {
	t     TB
	steps []Step
	mu    sync.Mutex
	made  int
}

// NewScript returns a script of these steps. An attempt after the last step makes t fail, and fails with an error that is
// marked by [retry.Stop]. NewScript panics if t is nil.
func NewScript(t TB, steps ...Step) *Script {
	if t == nil {
		panic("retrytest: NewScript with a nil t")
	}
	return &Script{t: t, steps: steps}
}

// Attempts returns the number of attempts so far.
func (s *Script) Attempts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.made
}

// Done makes t fail if some steps have not been used. It is to be called at the end of the test.
func (s *Script) Done() {
	s.t.Helper()
	if made := s.Attempts(); made < len(s.steps) {
		s.t.Errorf("retrytest: only %d of %s used; the next one is %q", made, steps(len(s.steps)), s.steps[made].String())
	}
}

// next takes the next step, and the time that it takes.
func (s *Script) next(ctx context.Context) (Step, error) {
	s.t.Helper()
	s.mu.Lock()
	s.made++
	n := s.made
	s.mu.Unlock()
	if n > len(s.steps) {
		err := fmt.Errorf("retrytest: attempt %d, but the script has only %s: %s", n, steps(len(s.steps)), s)
		s.t.Errorf("%v", err)
		return Step{}, retry.Stop(err)
	}
	step := s.steps[n-1]
	return step, sleep(ctx, step.Slow)
}

// sleep waits for d to pass, or returns the cause of the context's end.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func steps(n int) string {
	if n == 1 {
		return "1 step"
	}
	return fmt.Sprintf("%d steps", n)
}

// String lists the steps.
func (s *Script) String() string {
	if len(s.steps) == 0 {
		return "no steps"
	}
	list := make([]string, len(s.steps))
	for i, step := range s.steps {
		list[i] = fmt.Sprintf("%d. %s", i+1, step)
	}
	return strings.Join(list, "; ")
}

// Func returns a function that follows s, and returns v where a step succeeds.
func Func[T any](s *Script, v T) func(context.Context) (T, error) {
	return func(ctx context.Context) (T, error) {
		s.t.Helper()
		var none T
		step, err := s.next(ctx)
		if err == nil {
			err = sleep(ctx, step.SlowBody)
		}
		if err == nil {
			err = step.failure()
		}
		if err != nil {
			return none, err
		}
		return v, nil
	}
}

// Do is the function of s for code that needs no value. It has the type that [retry.Do] takes.
func (s *Script) Do(ctx context.Context) error {
	s.t.Helper()
	_, err := Func(s, struct{}{})(ctx)
	return err
}
