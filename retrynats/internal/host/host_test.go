//go:build linux || darwin || freebsd

package host

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/callagain/retry/internal/ownport"
	"github.com/nats-io/nats.go"
)

var quiet = slog.New(slog.DiscardHandler)

func openHost(t *testing.T, dir, worker string, owned func()) *Host {
	t.Helper()
	h, err := Open(t.Context(), dir, worker, quiet, owned)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

func connect(t *testing.T, h *Host) *nats.Conn {
	t.Helper()
	o, err := h.Options()
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect("nats://127.0.0.1", append(o, nats.MaxReconnects(-1), nats.ReconnectWait(10*time.Millisecond))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

func TestOneOwnsTheDirectoryAndAnotherTakesOver(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "calls")
	// A port that nobody else is given while there is no owner.
	ports, err := ownport.Take(1)
	if err != nil {
		t.Fatal(err)
	}
	made, err := newAccess()
	if err != nil {
		t.Fatal(err)
	}
	made.Port = ports[0]
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := made.write(dir); err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(dir, lockName), nil, 0o600)
	a := openHost(t, dir, "a", func() { t.Error("the first one took over") })
	owned := make(chan struct{})
	b := openHost(t, dir, "b", func() { close(owned) })
	if !a.Owner() || b.Owner() {
		t.Fatalf("owners: %v, %v", a.Owner(), b.Owner())
	}
	if a.Gone("b") || b.Gone("a") || a.Gone("a") {
		t.Error("a worker that lives is gone")
	}
	nc := connect(t, b)
	if !nc.TLSRequired() {
		t.Error("the connection isn't by TLS")
	}
	before, _ := readAccess(dir)
	if before.Port != made.Port {
		t.Errorf("the port is %d, not %d", before.Port, made.Port)
	}
	a.Close()
	<-owned
	if !b.Owner() || !b.Gone("a") {
		t.Errorf("after the owner's end: owner %v, a is gone %v", b.Owner(), b.Gone("a"))
	}
	after, err := readAccess(dir)
	if err != nil || after.Port != before.Port || after.Token != before.Token || string(after.Cert) != string(before.Cert) {
		t.Errorf("others can't find the new owner: %v", err)
	}
	// A flush fails that was under way when the connection was lost, which it may notice late.
	for deadline := time.Now().Add(time.Minute); ; {
		err := nc.FlushTimeout(20 * time.Second)
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the connection isn't led to the new owner: %v", err)
		}
	}
}

func TestNobodyGetsInWithoutTheToken(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "calls")
	h := openHost(t, dir, "a", nil)
	j := openHost(t, dir, "b", nil)
	a, err := readAccess(dir)
	if err != nil {
		t.Fatal(err)
	}
	o, _ := j.Options()
	if nc, err := nats.Connect("nats://127.0.0.1", append(o, nats.Token("guess"))...); err == nil {
		nc.Close()
		t.Error("a wrong token was accepted")
	}
	// Whoever has the port but not the directory's certificate isn't told the token.
	other, err := newAccess()
	if err != nil {
		t.Fatal(err)
	}
	a.Cert = other.Cert
	c, err := a.client()
	if err != nil {
		t.Fatal(err)
	}
	if nc, err := nats.Connect("nats://127.0.0.1", nats.Token(a.Token), nats.SetCustomDialer(j), nats.Secure(c)); err == nil {
		nc.Close()
		t.Error("a server of another certificate was believed")
	}
	if !h.Owner() {
		t.Error("not the owner")
	}
}

func TestADeadWorkerIsKnownByItsLock(t *testing.T) {
	dir := t.TempDir()
	f, err := lockWorker(dir, "w")
	if err != nil {
		t.Fatal(err)
	}
	if gone(dir, "w") {
		t.Error("a worker with its lock is gone")
	}
	clean(dir)
	if gone(dir, "w") {
		t.Error("cleaning removed one that lives")
	}
	f.Close()
	for range 2 { // looking changes nothing
		if !gone(dir, "w") {
			t.Error("a worker without its lock lives")
		}
	}
	for _, name := range []string{"", "never", "../lock", `a\b`, ".new-1"} {
		if !gone(dir, name) {
			t.Errorf("%q lives", name)
		}
	}
}

func TestOpenSaysWhyItCannotJoin(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "calls")
	h := openHost(t, dir, "a", nil)
	good, err := os.ReadFile(filepath.Join(dir, accessName))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	for what, c := range map[string]struct{ access, want string }{
		"garbage":         {"{", "delete it"},
		"another machine": {`{"host":"elsewhere.example"}`, "one machine"},
		"not yet there":   {"", "enough"}, // the owner may be about to write it: then it waits, for as long as ctx says
	} {
		path := filepath.Join(dir, accessName)
		os.Remove(path)
		if c.access != "" {
			os.WriteFile(path, []byte(c.access), 0o600)
		}
		j, err := Open(ctx, dir, "b", quiet, nil)
		if err == nil {
			j.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	os.WriteFile(filepath.Join(dir, accessName), good, 0o600)
	openHost(t, dir, "b", nil)
	if !h.Owner() {
		t.Error("the owner lost the directory")
	}
}

func TestAFileIsReplacedAsAWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	for _, s := range []string{"one", "another"} {
		if err := write(path, []byte(s)); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if i, _ := os.Stat(path); err != nil || string(b) != s || i.Mode().Perm() != 0o600 {
			t.Errorf("%q, %v, %v", b, i.Mode(), err)
		}
	}
	if es, _ := os.ReadDir(dir); len(es) != 1 {
		t.Errorf("%d files are left", len(es))
	}
	if err := write(filepath.Join(dir, "none", "f"), nil); err == nil {
		t.Error("written into a directory that isn't there")
	}
}

func TestAPortThatWasTakenIsReplaced(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "calls")
	h := openHost(t, dir, "a", nil)
	a, _ := readAccess(dir)
	// Its own port is taken: by the server that runs.
	elsewhere := filepath.Join(t.TempDir(), "calls")
	if err := prepare(elsewhere); err != nil {
		t.Fatal(err)
	}
	b := a
	if err := b.write(elsewhere); err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(elsewhere, lockName), nil, 0o600)
	openHost(t, elsewhere, "b", nil)
	b, err := readAccess(elsewhere)
	if err != nil || b.Port == a.Port || b.Port == 0 {
		t.Errorf("the port is %d, and %d was taken: %v", b.Port, a.Port, err)
	}
	if !h.Owner() {
		t.Error("not the owner")
	}
}
