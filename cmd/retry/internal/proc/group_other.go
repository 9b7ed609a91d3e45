//go:build !unix || aix || solaris

package proc

import (
	"context"
	"os"
	"syscall"
)

// A platform is what a Process has where there are no process groups: the command itself
// and, on Windows, a job that holds all that it starts.
type platform struct {
	process *os.Process
	job     job
	ended   bool
	code    int
	seen    chan syscall.Signal // never
}

// Start starts c. Signals that come from then on, and the one that ended ctx before, are for it: [Process.Wait] passes them on.
func Start(ctx context.Context, c Command, s *Signals) (*Process, error) {
	path, err := lookup(c.Args[0])
	if err != nil {
		return nil, err
	}
	p := newProcess(ctx, c, s)
	process, err := os.StartProcess(path, c.Args, &os.ProcAttr{
		Env:   c.Env,
		Files: []*os.File{c.Stdin, c.Stdout, c.Stderr},
	})
	if err != nil {
		p.over(ctx)
		return nil, cantStart(err)
	}
	p.process, p.code = process, 255
	p.job = newJob(process.Pid)
	go func() {
		if state, err := process.Wait(); err == nil {
			p.code = state.ExitCode()
		}
		p.events <- event{ended: true}
	}()
	return p, nil
}

// send can only end a command here. INT comes from the console, which has sent it to the
// command already; another one, and TERM after the grace, end it.
func (p *Process) send(sig syscall.Signal) {
	if sig == syscall.SIGKILL && !p.job.end() && !p.ended {
		p.process.Kill()
	}
}

func (p *Process) leaderEnded(syscall.Signal) { p.ended = true }

// alive reports whether anything of the command is left, after it has ended itself.
func (p *Process) alive() bool {
	if p.job.alive() {
		return true
	}
	p.job.close()
	p.job = job{}
	return false
}

func (p *Process) outcome() Outcome {
	if !p.ended {
		return Outcome{Code: 255}
	}
	return Outcome{Code: p.code}
}

func (*Process) atTerminal() bool { return false }

func (*Process) paused(syscall.Signal) {}

func (*Process) resume() {}

// Columns is always 0 here: nothing is drawn.
func Columns(*os.File) int { return 0 }

// InForeground is always false here.
func InForeground(*os.File) bool { return false }

// Become runs a command in the place of this process, as far as the system allows: it returns the command's exit code.
func Become(args, env []string) (code int, err error) {
	path, err := lookup(args[0])
	if err != nil {
		return err.(*StartError).Code, err
	}
	process, err := os.StartProcess(path, args, &os.ProcAttr{Env: env, Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}})
	if err != nil {
		err = cantStart(err)
		return err.(*StartError).Code, err
	}
	job := newJob(process.Pid)
	defer job.close()
	state, err := process.Wait()
	if err != nil {
		return 255, err
	}
	return state.ExitCode(), nil
}

// Leftover is never needed here: a pipe is read to its end.
func Leftover(*os.File) []byte { return nil }

var (
	stopping = []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}
	passing  = []syscall.Signal(nil)
)

// Not to be met here.
const (
	sigHUP  = syscall.Signal(-1)
	sigCONT = syscall.Signal(-2)
	sigPIPE = syscall.Signal(-3)
	sigMark = syscall.Signal(-5)
)

func toOwnGroup(syscall.Signal) {}

// Die returns: a process can't end by a signal here.
func Die(syscall.Signal) {}

// Name is what the system calls a signal.
func Name(sig syscall.Signal) string { return sig.String() }

// Named knows no signals here.
func Named(string) (syscall.Signal, bool) { return 0, false }

// Unstopped calls f.
func Unstopped(f func()) { f() }
