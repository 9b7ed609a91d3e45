package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const lockName = "retrynats.lock"

// prepare makes the directory, or checks that it is one that can be used.
func prepare(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the directory: %w", err)
	}
	i, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if err := checkOwner(dir, i); err != nil {
		return err
	}
	if _, err := os.Lstat(filepath.Join(dir, lockName)); errors.Is(err, fs.ErrNotExist) {
		es, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		if len(es) > 0 {
			if _, err := os.Lstat(filepath.Join(dir, lockName)); err == nil {
				return nil // another process has just made it
			}
			return fmt.Errorf("%s has files of something else in it, such as %s: use a directory of its own", dir, es[0].Name())
		}
	}
	return nil
}

// lock makes this process the owner of the directory. It returns nil if there is an owner.
func lock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	ok, err := tryLock(f)
	if !ok {
		f.Close()
		return nil, err
	}
	host, _ := os.Hostname()
	if err = f.Truncate(0); err == nil {
		_, err = fmt.Fprintf(f, "process %d on %s since %s\n", os.Getpid(), host, time.Now().Format(time.RFC3339))
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// owner says who has the lock.
func owner(dir string) string {
	b, err := os.ReadFile(filepath.Join(dir, lockName))
	if s := strings.TrimSpace(string(b)); err == nil && s != "" {
		return s
	}
	return "a process that hasn't said which"
}

// write replaces a file of the directory, so that it is there as a whole or not at all.
func write(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if e := f.Sync(); err == nil {
		err = e
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
