package retrytest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/callagain/retry"
)

// ErrScripted is how a [Step] fails that has no error of its own.
var ErrScripted = errors.New("scripted failure")

// A Step is what one attempt meets. The zero Step is success at once.
type Step struct {
	// Slow is how long the attempt takes, unless its context ends before.
	Slow time.Duration

	// Err fails the attempt. A Handler then breaks the connection instead of answering.
	Err error

	// Status is the HTTP status of the answer; if it's 0, 200. To a function, one of 400 or more
	// is a failure whose text is the status.
	Status int

	// After is the server's hint: a [retry.After] around the failure of a function, a Retry-After
	// in an HTTP answer, in whole seconds rounded up. A step with nothing but After fails, with
	// ErrScripted or 503.
	After time.Duration
}

// Steps that most scripts have.
var (
	OK   = Step{}
	Fail = Step{Err: ErrScripted}
)

// String tells what the step does, as in "fail: connection refused, slow 3s".
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
		what += fmt.Sprintf(", try after %v", s.After)
	}
	if s.Slow > 0 {
		what += fmt.Sprintf(", slow %v", s.Slow)
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
	}
	if s.After > 0 {
		err = retry.After(err, s.After)
	}
	return err
}

// status is the step as an HTTP status; 0 for what the next in line answers.
func (s Step) status() int {
	if s.Status == 0 && s.After > 0 {
		return http.StatusServiceUnavailable
	}
	return s.Status
}

// TB is the part of [testing.TB] that is needed here.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
}

// A Script is a list of steps, one for each attempt, whoever makes it and by whatever way. It may
// be used from any number of goroutines.
type Script struct {
	t     TB
	steps []Step
	mu    sync.Mutex
	made  int
}

// NewScript returns a script of these steps. An attempt after the last one makes t fail and is
// stopped. A nil t panics.
func NewScript(t TB, steps ...Step) *Script {
	if t == nil {
		panic("retrytest: NewScript with a nil t")
	}
	return &Script{t: t, steps: steps}
}

// Attempts returns how many attempts were made so far.
func (s *Script) Attempts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.made
}

// Done makes t fail if there are steps that no attempt was made for.
func (s *Script) Done() {
	s.t.Helper()
	if made := s.Attempts(); made < len(s.steps) {
		s.t.Errorf("retrytest: only %d of the script's %d steps were needed; the next one would be %q", made, len(s.steps), s.steps[made])
	}
}

// next takes the next step, and the time for it.
func (s *Script) next(ctx context.Context) (Step, error) {
	s.t.Helper()
	s.mu.Lock()
	s.made++
	n := s.made
	s.mu.Unlock()
	if n > len(s.steps) {
		err := fmt.Errorf("retrytest: attempt %d, but the script ends after %d: %s", n, len(s.steps), s)
		s.t.Errorf("%v", err)
		return Step{}, retry.Stop(err)
	}
	step := s.steps[n-1]
	if step.Slow > 0 {
		timer := time.NewTimer(step.Slow)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return Step{}, context.Cause(ctx)
		}
	}
	return step, nil
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

// Func returns a function that follows s, and gives v where that succeeds.
func Func[T any](s *Script, v T) func(context.Context) (T, error) {
	return func(ctx context.Context) (T, error) {
		s.t.Helper()
		var none T
		step, err := s.next(ctx)
		if err == nil {
			err = step.failure()
		}
		if err != nil {
			return none, err
		}
		return v, nil
	}
}

// Do follows s, for what gives no value: its type is that of the function of [retry.Do].
func (s *Script) Do(ctx context.Context) error {
	s.t.Helper()
	_, err := Func(s, struct{}{})(ctx)
	return err
}
