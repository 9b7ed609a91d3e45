//go:build !unix || aix || solaris

package proc

import "os"

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
