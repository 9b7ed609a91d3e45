//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/ownport"
	"github.com/jackc/pgx/v5"
)

// postgres is a server with its default settings for durability: each commit is synced.
type postgres struct {
	dir, url   string
	credential *syscall.Credential
	cmd        *exec.Cmd
}

func startPostgres() (*postgres, error) {
	bins, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if p, err := exec.LookPath("postgres"); err == nil {
		bins = append(bins, filepath.Dir(p))
	}
	if len(bins) == 0 {
		return nil, errors.New("no PostgreSQL server is installed")
	}
	bin := slices.Max(bins)
	dir, err := os.MkdirTemp("", "peers-*")
	if err != nil {
		return nil, err
	}
	p := &postgres{dir: dir}
	if err := p.start(bin); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

func (p *postgres) start(bin string) error {
	if os.Getuid() == 0 { // it refuses to run as root
		u, err := user.Lookup("postgres")
		if err != nil {
			return err
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		p.credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(p.dir, uid, gid); err != nil {
			return err
		}
	}
	ports, err := ownport.Take(1)
	if err != nil {
		return err
	}
	password, secret, data := rand.Text(), filepath.Join(p.dir, "password"), filepath.Join(p.dir, "data")
	if err := os.WriteFile(secret, []byte(password), 0o600); err != nil {
		return err
	}
	if p.credential != nil {
		if err := os.Chown(secret, int(p.credential.Uid), int(p.credential.Gid)); err != nil {
			return err
		}
	}
	if out, err := p.command(filepath.Join(bin, "initdb"), "-D", data, "-U", "peer", "-A", "scram-sha-256", "--pwfile", secret, "-E", "UTF8", "--locale=C").CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	p.cmd = p.command(filepath.Join(bin, "postgres"), "-D", data, "-p", strconv.Itoa(ports[0]), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "shared_buffers=256MB")
	if err := p.cmd.Start(); err != nil {
		return err
	}
	p.url = fmt.Sprintf("postgres://peer:%s@127.0.0.1:%d/", password, ports[0])
	ready := retry.Policy{Name: "wait for PostgreSQL", Attempts: retry.Unlimited, Backoff: retry.Constant(50 * time.Millisecond), Within: time.Minute}
	return retry.Do(context.Background(), ready, func(ctx context.Context) error {
		c, err := pgx.Connect(ctx, p.url+"postgres")
		if err != nil {
			return err
		}
		return c.Close(ctx)
	})
}

func (p *postgres) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir = p.dir
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.dir, "LC_ALL=C"}
	c.SysProcAttr = &syscall.SysProcAttr{Credential: p.credential, Setpgid: true}
	return c
}

func (p *postgres) stop() {
	if p.cmd != nil && p.cmd.Process != nil {
		p.cmd.Process.Signal(syscall.SIGINT) // it ends its connections, and itself
		p.cmd.Wait()
	}
	os.RemoveAll(p.dir)
}
