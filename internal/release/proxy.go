package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	mod "golang.org/x/mod/module"
)

// proxyOfTags writes a module proxy of version, which the tags of root have, into dir.
func proxyOfTags(ctx context.Context, root, version, dir string) error {
	clone, remove, err := cloneOf(ctx, root, "refs/tags/"+version)
	if err != nil {
		return err
	}
	defer remove()
	ms, err := findModules(clone)
	if err != nil {
		return err
	}
	for _, m := range ms {
		if !m.published {
			continue
		}
		if err := addToProxy(ctx, clone, m, "refs/tags/"+m.tag(version), version, dir); err != nil {
			return err
		}
	}
	return nil
}

// addToProxy writes m at revision into dir, with the layout of https://go.dev/ref/mod#goproxy-protocol.
func addToProxy(ctx context.Context, clone string, m *module, revision, version, dir string) error {
	commit, err := output(ctx, clone, "git", "rev-parse", "--verify", revision+"^{commit}")
	if err != nil {
		return err
	}
	path, err := mod.EscapePath(m.path)
	if err != nil {
		return err
	}
	at := filepath.Join(dir, filepath.FromSlash(path), "@v")
	if err := os.MkdirAll(at, 0o777); err != nil {
		return err
	}
	text, err := output(ctx, clone, "git", "show", commit+":"+filepath.ToSlash(filepath.Join(m.dir, "go.mod")))
	if err != nil {
		return err
	}
	day, err := output(ctx, clone, "git", "show", "-s", "--format=%cI", commit)
	if err != nil {
		return err
	}
	when, err := time.Parse(time.RFC3339, day)
	if err != nil {
		return err
	}
	info, err := json.Marshal(struct {
		Version string
		Time    time.Time
	}{version, when.UTC()})
	if err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(at, version+".zip"))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := pack(f, m, clone, commit, version); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	for name, text := range map[string]string{version + ".info": string(info), version + ".mod": text + "\n", "list": version + "\n"} {
		if err := os.WriteFile(filepath.Join(at, name), []byte(text), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// A fromProxy is an environment in which the Go tools have our modules from a proxy, and nothing of ours from anywhere
// else; other modules come from where they always do, but for those that this machine has got before.
type fromProxy struct {
	cache string
	env   []string
}

func useProxy(ctx context.Context, proxy string) (*fromProxy, error) {
	proxy, err := filepath.Abs(proxy)
	if err != nil {
		return nil, err
	}
	out, err := output(ctx, ".", "go", "env", "GOMODCACHE", "GOPROXY")
	if err != nil {
		return nil, err
	}
	cache, err := os.MkdirTemp("", "release-modules-*")
	if err != nil {
		return nil, err
	}
	known, elsewhere := lines(out)[0], lines(out)[1]
	return &fromProxy{cache, []string{
		"GOMODCACHE=" + cache,
		"GOPROXY=file://" + filepath.ToSlash(proxy) + ",file://" + filepath.ToSlash(filepath.Join(known, "cache", "download")) + "," + elsewhere,
		"GONOSUMDB=github.com/callagain/*", // it can't know what isn't public yet
		"GOFLAGS=-modcacherw -trimpath",    // so that it can be removed; so that builds share what they built
		"GOBIN=",
	}}, nil
}

func (p *fromProxy) remove() { os.RemoveAll(p.cache) }
