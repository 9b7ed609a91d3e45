//go:build unix && !linux

package main

const pdeathsig = false
