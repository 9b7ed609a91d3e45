//go:build unix && !linux

package main

import "syscall"

const pdeathsig = false

var furtherSignals map[string]syscall.Signal
