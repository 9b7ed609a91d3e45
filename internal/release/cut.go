package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// cloneOf returns a clone of root's commits with rev checked out. It shares root's objects, so it costs little.
func cloneOf(ctx context.Context, root, rev string) (dir string, remove func(), err error) {
	if root, err = filepath.Abs(root); err != nil {
		return "", nil, err
	}
	commit, err := output(ctx, root, "git", "rev-parse", "--verify", rev+"^{commit}")
	if err != nil {
		return "", nil, err
	}
	if dir, err = os.MkdirTemp("", "release-clone-*"); err != nil {
		return "", nil, err
	}
	remove = func() { os.RemoveAll(dir) }
	if _, err = output(ctx, root, "git", "clone", "-q", "--shared", "--no-checkout", root, dir); err == nil {
		_, err = output(ctx, dir, "git", "checkout", "-q", "--detach", commit)
	}
	if err != nil {
		remove()
	}
	return dir, remove, err
}

// cut makes a release: a commit with all tags on it, and one with which the branch goes on. All of it is made in a clone,
// and tried there; only then, and unless it is to be tried only, root's branch moves on.
func cut(ctx context.Context, root, version string, tryOnly bool, try func(context.Context, *release) error) error {
	if changed, err := output(ctx, root, "git", "status", "--porcelain"); err != nil || changed != "" {
		return errors.Join(err, fmt.Errorf("a release is made of commits, and these files have changed since the last one:\n%s", changed))
	}
	clone, remove, err := cloneOf(ctx, root, "HEAD")
	if err != nil {
		return err
	}
	defer remove()
	r := &release{root: root, clone: clone, version: version}
	if r.last, err = lastVersion(ctx, root); err != nil {
		return err
	}
	if r.modules, err = findModules(clone); err != nil {
		return err
	}
	for _, m := range r.modules {
		if m.published {
			if err := mayFollow(m.path, r.last, version); err != nil {
				return err
			}
		}
	}
	if err := checkTree(ctx, clone, r.modules); err != nil {
		return err
	}
	if err := checkAPI(ctx, root, clone, r.last, version, r.modules); err != nil {
		return err
	}
	if err := r.commit(ctx); err != nil {
		return err
	}
	if err := try(ctx, r); err != nil {
		return fmt.Errorf("users couldn't use this release, so it wasn't made: %w", err)
	}
	if tryOnly {
		fmt.Printf("%s would be made; nothing was changed\n", version)
		return nil
	}
	return r.publish(ctx)
}

// A release that is being made.
type release struct {
	root, clone   string
	last, version string
	modules       []*module
	tagged, after string // the commit with the tags, and the one with which the branch goes on
}

// commit makes both commits, in the clone.
func (r *release) commit(ctx context.Context) error {
	log := filepath.Join(r.clone, "CHANGELOG.md")
	text, err := os.ReadFile(log)
	if err != nil {
		return err
	}
	closed, err := closeChangelog(string(text), r.version, time.Now().UTC())
	if err != nil {
		return err
	}
	if err := os.WriteFile(log, []byte(closed), 0o666); err != nil {
		return err
	}
	if err := forUsers(ctx, r.clone, r.version, r.modules); err != nil {
		return err
	}
	if r.tagged, err = r.save(ctx, "Release "+r.version); err != nil {
		return err
	}

	// The branch goes on as it was, with the folders beside each module in place of what was released. The requirements
	// stay: whoever gets a commit of the branch gets the last release of what it needs, which v0.0.0 wouldn't find.
	if err := os.WriteFile(log, []byte(openChangelog(closed)), 0o666); err != nil {
		return err
	}
	for _, m := range r.modules {
		if !m.published || len(m.needs) == 0 {
			continue
		}
		text, err := m.require(r.version, true)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(r.clone, m.dir, "go.mod"), text, 0o666); err != nil {
			return err
		}
		if _, err := output(ctx, r.clone, "git", "checkout", "-q", r.tagged+"^", "--", filepath.Join(m.dir, "go.sum")); err != nil {
			return err
		}
	}
	r.after, err = r.save(ctx, "Go on after "+r.version)
	return err
}

// save commits all that has changed, as the person that root's settings name.
func (r *release) save(ctx context.Context, message string) (commit string, err error) {
	var env []string
	for _, key := range []string{"user.name", "user.email"} {
		if value, err := output(ctx, r.root, "git", "config", key); err == nil {
			env = append(env, value)
		} else {
			env = append(env, "")
		}
	}
	args := []string{"commit", "-q", "-a", "-m", message}
	if env[0] != "" && env[1] != "" {
		args = append([]string{"-c", "user.name=" + env[0], "-c", "user.email=" + env[1]}, args...)
	}
	if _, err := output(ctx, r.clone, "git", args...); err != nil {
		return "", err
	}
	return output(ctx, r.clone, "git", "rev-parse", "HEAD")
}

// byUsers tries a release as users will have it, from a module proxy that is made of it.
func byUsers(ctx context.Context, r *release) error {
	dir, err := os.MkdirTemp("", "release-proxy-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, m := range r.modules {
		if m.published {
			if err := addToProxy(ctx, r.clone, m, r.tagged, r.version, dir); err != nil {
				return err
			}
		}
	}
	if _, err := output(ctx, r.clone, "git", "checkout", "-q", r.tagged); err != nil {
		return err
	}
	return users(ctx, r.clone, r.version, dir)
}

// publish moves root's branch on and sets the tags, or changes nothing.
func (r *release) publish(ctx context.Context) (err error) {
	if _, err := output(ctx, r.clone, "git", "checkout", "-q", r.after); err != nil {
		return err
	}
	if _, err := output(ctx, r.root, "git", "fetch", "-q", r.clone, "HEAD"); err != nil {
		return err
	}
	var tags []string
	defer func() {
		if err != nil {
			for _, t := range tags {
				output(context.WithoutCancel(ctx), r.root, "git", "tag", "-d", t)
			}
		}
	}()
	for _, m := range r.modules {
		if !m.published {
			continue
		}
		tag := m.tag(r.version)
		if _, err := output(ctx, r.root, "git", "tag", "-a", "-m", m.path+" "+r.version, tag, r.tagged); err != nil {
			return err
		}
		tags = append(tags, tag)
	}
	if _, err := output(ctx, r.root, "git", "merge", "-q", "--ff-only", r.after); err != nil {
		return err
	}
	fmt.Printf("%s is made. All of it goes out at once, or nothing does:\n\n  git push --atomic origin HEAD %s\n", r.version, strings.Join(tags, " "))
	return nil
}
