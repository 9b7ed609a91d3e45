//go:build !(linux || darwin || freebsd)

package host

import (
	"fmt"
	"io/fs"
	"os"
	"runtime"
)

var errSystem = fmt.Errorf("a directory can't be used on %s, where its lock isn't implemented: use a server's URL", runtime.GOOS)

func tryLock(*os.File) (bool, error)             { return false, errSystem }
func free(string) (int64, error)                 { return 0, errSystem }
func checkOwner(dir string, i fs.FileInfo) error { return errSystem }
