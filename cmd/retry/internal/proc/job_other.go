//go:build !windows && (!unix || aix || solaris)

package proc

// A job holds nothing here: only the command itself can be ended.
type job struct{}

func newJob(int) (j job) { return j }

func (job) end() bool { return false }

func (job) alive() bool { return false }

func (job) close() {}
