// Package errtreetest has the errors that package errors never returns from, for tests.
package errtreetest

import "io"

// An Itself is an error that wraps itself.
type Itself struct{}

func (e *Itself) Error() string { return "wraps itself" }
func (e *Itself) Unwrap() error { return e }

// A Tree is an error that wraps itself twice, and others.
type Tree struct{}

func (e *Tree) Error() string   { return "wraps itself twice" }
func (e *Tree) Unwrap() []error { return []error{e, e, nil, io.EOF} }
