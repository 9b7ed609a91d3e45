//go:build !unix

package main

import "io/fs"

const noFollow = 0

// mine is always true here: temporary folders are not shared.
func mine(fs.FileInfo) bool { return true }

func alone(fs.FileInfo) bool { return true }

func planted(string, fs.FileInfo) bool { return false }
