package proc

import (
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
)

const sigTSTP = syscall.SIGTSTP

const ignored = 1 // what a signal does

// Ctrl-Z stops a command in the foreground, and then we stop ourselves. One that isn't there, as in a pipeline, isn't told: while it runs
// TSTP is caught, to be passed on. Go can't undo that, so it's done behind its back.
var ofTSTP struct {
	sync.Mutex
	caught *sigaction // nil if it's ignored
}

// prepareTSTP makes ready to catch it, to c. It isn't caught yet.
func prepareTSTP(c chan<- os.Signal) {
	ofTSTP.Lock()
	defer ofTSTP.Unlock()
	if _, ok := actByDefault(sigTSTP); !ok {
		return
	}
	signal.Notify(c, sigTSTP)
	ofTSTP.caught = action(sigTSTP, new(sigaction))
}

// catchTSTP has it caught or not.
func catchTSTP(on bool) {
	ofTSTP.Lock()
	defer ofTSTP.Unlock()
	if does := ofTSTP.caught; does != nil {
		if !on {
			does = new(sigaction)
		}
		action(sigTSTP, does)
	}
}

// actByDefault has sig do what it does by default until it is undone, unless it's ignored.
func actByDefault(sig syscall.Signal) (undo func(), ok bool) {
	was := action(sig, new(sigaction))
	undo = func() { action(sig, was) }
	if was[0] == ignored {
		undo()
		return func() {}, false
	}
	return undo, true
}

// pause stops this process, as TSTP would have if it weren't caught, until it is continued. Where nobody could do that, the system refuses.
func pause() {
	runtime.LockOSThread() // which gets it before it goes on
	defer runtime.UnlockOSThread()
	catchTSTP(false)
	syscall.Tgkill(syscall.Getpid(), syscall.Gettid(), sigTSTP)
	catchTSTP(true)
}
