//go:build !unix || aix || solaris

package proc

import (
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

// Start starts c.
func Start(c Command, s *Signals) (*Process, error) {
	path, err := lookup(c.Args[0])
	if err != nil {
		return nil, err
	}
	process, err := os.StartProcess(path, c.Args, &os.ProcAttr{
		Env:   c.Env,
		Files: []*os.File{c.Stdin, c.Stdout, c.Stderr},
	})
	if err != nil {
		return nil, cantStart(err)
	}
	p := newProcess(c, s)
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
