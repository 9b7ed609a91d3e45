package proc

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// Told is the cause of a context that ended because a signal told us to stop.
type Told struct{ Signal syscall.Signal }

func (t *Told) Error() string { return "told to stop by " + Name(t.Signal) }

// Signals are the signals we are sent. The first one that tells us to stop ends a
// context; that one and all others are passed on to the command that runs.
type Signals struct {
	from chan os.Signal
	end  context.CancelCauseFunc

	mu      sync.Mutex
	told    bool
	to      chan syscall.Signal          // nil while no command runs
	expects map[syscall.Signal]time.Time // those we sent to our own group, and when
}

// echo is how long after a signal was sent to a group its arrival there may be noticed.
const echo = 200 * time.Millisecond

// Catch starts to catch signals. One that was ignored when we were started, as under
// nohup, stays so, for the command as well.
func Catch(ctx context.Context) (context.Context, *Signals) {
	s := &Signals{from: make(chan os.Signal, 16), expects: map[syscall.Signal]time.Time{}}
	ctx, s.end = context.WithCancelCause(ctx)
	for _, sig := range append(stopping, passing...) {
		if !signal.Ignored(sig) {
			signal.Notify(s.from, sig)
		}
	}
	if !signal.Ignored(sigPIPE) {
		// Whoever reads our output may go away: that is an error of Write then, not our end.
		signal.Notify(make(chan os.Signal, 1), sigPIPE)
	}
	go func() {
		for sig := range s.from {
			s.receive(sig.(syscall.Signal))
		}
	}()
	return ctx, s
}

func (s *Signals) receive(sig syscall.Signal) {
	s.mu.Lock()
	expected := time.Since(s.expects[sig]) < echo
	first := !expected && !s.told && stops(sig)
	if first {
		s.told = true
		s.end(&Told{sig})
	}
	s.mu.Unlock()
	if !expected && !first {
		s.inject(sig)
	}
}

// tell acts on a signal that the terminal sent to the command's group instead of
// ours. The rest of our own group, such as the script that runs us, is to get it too.
func (s *Signals) tell(sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expects[sig] = time.Now()
	toOwnGroup(sig)
	if !s.told {
		s.told = true
		s.end(&Told{sig})
	}
}

// tellOnce is tell, unless we were told before.
func (s *Signals) tellOnce(sig syscall.Signal) {
	s.mu.Lock()
	told := s.told
	s.mu.Unlock()
	if !told {
		s.tell(sig)
	}
}

// inject has the command that runs act as if we had been sent sig.
func (s *Signals) inject(sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.to != nil {
		select {
		case s.to <- sig:
		default: // it has plenty of them already
		}
	}
}

// pass sends further signals to c, until it's called with nil.
func (s *Signals) pass(c chan syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to = c
}

func stops(sig syscall.Signal) bool {
	for _, s := range stopping {
		if s == sig {
			return true
		}
	}
	return false
}
