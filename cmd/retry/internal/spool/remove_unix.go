//go:build unix

package spool

import "os"

// removeOpen takes the file's name away while it is still open, so that nothing is
// left on disk even if this process is killed. It reports whether it could.
func removeOpen(name string) bool { return os.Remove(name) == nil }
