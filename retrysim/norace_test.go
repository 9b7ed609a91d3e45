//go:build !race

package retrysim_test

const raced = false
