package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/callagain/retry"
)

// A sharedBudget is a [retry.Budget] that all processes of the user share. Between two uses its state is in a file, which
// is only ever replaced as a whole; whoever replaces it holds a lock on another one, which the system lets go of however they end.
type sharedBudget struct {
	name string
	path string // without an extension
	paid bool   // a retry was taken, and its attempt wasn't begun
}

// A budgetRecord is what is in the file.
type budgetRecord struct {
	Since            time.Time // when it was first used
	Granted, Refused int64
	State            retry.BudgetState
}

// patience is how long we wait for others to let go of the lock, which they hold for less than a millisecond.
const patience = 5 * time.Second

func parseBudget(s string) (string, error) {
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`).MatchString(s) {
		return "", fmt.Errorf("%q is not a name for a budget; use up to 64 letters, digits, and . _ - in between", s)
	}
	return s, nil
}

func openBudget(name string) (*sharedBudget, error) {
	dir, err := budgetFolder()
	if err != nil {
		return nil, err
	}
	return &sharedBudget{name: name, path: filepath.Join(dir, name)}, nil
}

// budgetFolder is a folder that only our user can write to.
func budgetFolder() (string, error) {
	user := strconv.Itoa(os.Geteuid())
	dir := filepath.Join(os.TempDir(), "retry-"+user)
	for _, runtime := range []string{os.Getenv("XDG_RUNTIME_DIR"), "/run/user/" + user} {
		// After su it may be somebody else's.
		if info, err := os.Stat(runtime); filepath.IsAbs(runtime) && err == nil && mine(info) && info.Mode()&0o022 == 0 {
			dir = filepath.Join(runtime, "retry")
			break
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	info, err := os.Lstat(dir)
	if err == nil && (!info.IsDir() || !mine(info) || !alone(info)) {
		err = fmt.Errorf("%s is not a folder of our own user with mode 0700; remove it, or set XDG_RUNTIME_DIR to such a folder", dir)
	}
	return dir, err
}

// take asks the budget for a retry.
func (b *sharedBudget) take(ctx context.Context) (bool, error) {
	err := b.update(ctx, func(budget *retry.Budget) { b.paid = budget.Take() })
	b.paid = b.paid && err == nil
	return b.paid, err
}

// begun is called when an attempt begins: what was taken for it is used.
func (b *sharedBudget) begun() {
	if b != nil {
		b.paid = false
	}
}

// settle gives back a retry that wasn't made, and tells of a success.
func (b *sharedBudget) settle(ctx context.Context, success bool) error {
	if b == nil || !b.paid && !success {
		return nil
	}
	// A signal ends neither, but it makes us impatient.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*moment)
	defer cancel()
	return b.update(ctx, func(budget *retry.Budget) {
		if b.paid {
			budget.Return()
		}
		if success {
			budget.Earn()
		}
	})
}

// update has change use the budget as it is in the file, and stores what came of it.
func (b *sharedBudget) update(ctx context.Context, change func(*retry.Budget)) error {
	lock, err := b.lock(ctx)
	if err != nil {
		return err
	}
	defer lock.Close()
	r, budget, err := b.read()
	if err != nil {
		return err
	}
	if r.Since.IsZero() {
		r.Since = time.Now()
	}
	change(budget)
	r.State = budget.State(time.Now())
	r.Granted += budget.Granted()
	r.Refused += budget.Refused()
	f, err := os.OpenFile(b.path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC|noFollow, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(asJSON(r), '\n'))
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), b.path+".json")
}

// lock waits for the lock, which closing the file lets go of.
func (b *sharedBudget) lock(ctx context.Context) (*os.File, error) {
	f, err := os.OpenFile(b.path+".lock", os.O_RDWR|os.O_CREATE|noFollow, 0o600)
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(patience); ; {
		locked, err := tryLock(f)
		switch {
		case locked:
			return f, nil
		case err == nil && time.Now().After(end):
			err = fmt.Errorf("another process has held %s for %s; is it stopped?", f.Name(), short(patience))
		}
		if err == nil {
			select {
			case <-time.After(time.Duration(1+rand.N(3)) * time.Millisecond):
				continue
			case <-ctx.Done():
				err = context.Cause(ctx)
			}
		}
		f.Close()
		return nil, err
	}
}

// read returns what is in the file, or a new budget if there is none. It's called with the lock held.
func (b *sharedBudget) read() (r budgetRecord, _ *retry.Budget, _ error) {
	budget := &retry.Budget{Name: b.name}
	f, err := os.OpenFile(b.path+".json", os.O_RDONLY|noFollow, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return r, budget, nil
	}
	if err != nil {
		return r, nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 1<<16))
	if err == nil && len(text) == 0 { // the machine has failed, and with it what was to be written
		return r, budget, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		return r, nil, fmt.Errorf("%s is not as we have written it; remove it to begin anew: %w", f.Name(), err)
	}
	budget.Restore(r.State)
	return r, budget, nil
}

// printStatus prints how the budget is.
func printStatus(w io.Writer, o *options) error {
	b, err := openBudget(o.budget)
	if err != nil {
		return fmt.Errorf("--budget: %w", err)
	}
	lock, err := b.lock(context.Background())
	if err != nil {
		return err
	}
	defer lock.Close()
	r, budget, err := b.read()
	if err != nil {
		return err
	}
	if o.log == "json" {
		_, err = w.Write(append(asJSON(struct {
			Name      string    `json:"budget"`
			Available int       `json:"available"`
			Granted   int64     `json:"granted"`
			Refused   int64     `json:"refused"`
			Since     time.Time `json:"since,omitzero"`
			File      string    `json:"file"`
		}{b.name, budget.Available(), r.Granted, r.Refused, r.Since, b.path + ".json"}), '\n'))
		return err
	}
	used := "never used"
	if !r.Since.IsZero() {
		used = fmt.Sprintf("%d granted and %d refused since %s", r.Granted, r.Refused, r.Since.Local().Format(time.DateTime))
	}
	_, err = fmt.Fprintf(w, "budget %s: %s available, %s\n", b.name, plural(budget.Available(), "retry", "retries"), used)
	return err
}
