// Package proc runs a command in a process group of its own, passes signals on to all of
// it, shares the terminal with it, and sees to it that nothing of it is left when it is over.
//
// It knows nothing of attempts: [Start] and [Process.Wait] run one command once.
package proc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// A Command says what to run.
type Command struct {
	Args   []string // the command and its arguments, passed untouched
	Env    []string
	Stdin  *os.File
	Stdout *os.File
	Stderr *os.File

	// Stop is the signal that asks the command to end. If it's 0, it's TERM.
	Stop syscall.Signal

	// Grace is how long the command has between Stop and KILL.
	Grace time.Duration

	// Foreground gives the terminal to the command at once, if it's ours to give.
	// Otherwise a command that turns out to need it is given it then.
	Foreground bool
}

// An Outcome is how a command ended.
type Outcome struct {
	Code   int            // the exit code; 128+n if it died of signal n
	Signal syscall.Signal // that it died of, if it isn't 0
	Cut    bool           // the context ended before it did, other than by a signal
	Left   bool           // it left processes running that had to be ended
}

// A StartError says why a command could not be run at all. It doesn't name the command.
type StartError struct {
	Code  int  // 127 if there's no such command, 126 if it can't be executed
	Later bool // it may well be possible in a while: the system is short of something
	Err   error
}

func (e *StartError) Error() string {
	switch {
	case e.Later:
		return fmt.Sprintf("can't be started now: %v", e.Err)
	case errors.Is(e.Err, errInterpreter):
		return e.Err.Error()
	case e.Code == 127:
		return "command not found; builtins, functions and whole lines need a shell: sh -c '...'"
	}
	return fmt.Sprintf("can't be executed: %v", e.Err)
}

func (e *StartError) Unwrap() error { return e.Err }

var errInterpreter = errors.New("the interpreter that it names is missing")

// lookup finds the file that a command's name means.
func lookup(name string) (string, error) {
	path, err := exec.LookPath(name)
	if _, set := os.LookupEnv("PATH"); !set && errors.Is(err, exec.ErrNotFound) {
		// Without a PATH, shells look there.
		for _, dir := range []string{"/usr/local/bin", "/usr/bin", "/bin"} {
			if path, err = exec.LookPath(filepath.Join(dir, name)); err == nil {
				break
			}
		}
	}
	switch {
	case err == nil, errors.Is(err, exec.ErrDot): // whoever has "." in PATH wants it there
		return path, nil
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENAMETOOLONG):
		return "", &StartError{Code: 127, Err: err}
	}
	if e := (*exec.Error)(nil); errors.As(err, &e) {
		err = e.Err
	}
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		err = e.Err // without the name, which may be a whole line
	}
	return "", &StartError{Code: 126, Err: err}
}

// cantStart makes a StartError of what the system said.
func cantStart(err error) error {
	var errno syscall.Errno
	e := &StartError{Code: 126, Err: err}
	if errors.As(err, &errno) {
		e.Later = errno.Temporary() || errno == syscall.ENOMEM || errno == syscall.ETXTBSY
		e.Err = errno
	}
	if errors.Is(err, fs.ErrNotExist) {
		// The file was found, so it's the interpreter in its first line that wasn't.
		e.Code, e.Err = 127, errInterpreter
	}
	return e
}
