//go:build !unix

package spool

// removeOpen does nothing where an open file can't be removed.
func removeOpen(string) bool { return false }
