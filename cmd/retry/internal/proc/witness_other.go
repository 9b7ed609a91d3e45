//go:build unix && !linux && !aix && !solaris

package proc

import "syscall"

// There is no witness here: nobody tells who sent a signal. So a command is given the terminal only when it
// needs it; until then what Ctrl-C sends comes to us. Once it has the terminal, an INT or QUIT that it
// dies of is taken for Ctrl-C, since a Ctrl-C that doesn't stop anything is worse than one too many.
type witness struct{}

func startWitness(int, chan<- syscall.Signal) *witness { return nil }

func (*witness) stop() {}
