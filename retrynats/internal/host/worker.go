package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const workersName = "workers"

// A worker of the directory holds a lock for as long as its process lives, so that its death is known at once and for certain.
func lockWorker(dir, name string) (*os.File, error) {
	dir = filepath.Join(dir, workersName)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return nil, err
	}
	// It gets its name when it is locked: a file of that name without a lock is that of a dead worker.
	ok, err := tryLock(f)
	if err == nil && !ok {
		err = errors.New("the lock of a new file is taken")
	}
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		os.Remove(f.Name())
		f.Close()
		return nil, err
	}
	return f, nil
}

// gone reports whether the worker's process has died or closed.
func gone(dir, name string) bool {
	if name == "" || strings.ContainsAny(name, `/\.`) {
		return true // none of ours
	}
	path := filepath.Join(dir, workersName, name)
	f, err := os.Open(path)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	defer f.Close()
	ok, err := tryLock(f)
	if ok {
		os.Remove(path)
	}
	return ok && err == nil
}

// clean removes what dead workers left.
func clean(dir string) {
	es, _ := os.ReadDir(filepath.Join(dir, workersName))
	for _, e := range es {
		if !strings.HasPrefix(e.Name(), ".") {
			gone(dir, e.Name())
		}
	}
}
