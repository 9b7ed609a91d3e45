//go:build unix && !aix && !solaris

package proc

import "syscall"

// Become has a command take the place of this process. It returns only if that fails, with the exit code that says so.
func Become(args, env []string) (code int, err error) {
	path, err := lookup(args[0])
	if err == nil {
		disown()
		err = syscall.Exec(path, args, env)
		if err == syscall.ENOEXEC {
			err = syscall.Exec("/bin/sh", asScript(path, args), env)
		}
		err = cantStart(err)
	}
	return err.(*StartError).Code, err
}
