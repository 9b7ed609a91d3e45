//go:build !windows && (!unix || aix || solaris)

package main

import (
	"errors"
	"os"
)

func tryLock(*os.File) (bool, error) {
	return false, errors.New("files can't be locked on this system, so processes can't share a budget")
}
